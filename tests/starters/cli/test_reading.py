"""`show`, `search`, `captions` and `status` of what was processed, with and without `up`."""

import asyncio
import re
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import webvtt

from adapters.embedded.state import HomeState
from tests.starters.cli.commands import finished, mentora, start_mentora
from tests.starters.cli.story import LECTURE, SPOKEN, Story

pytestmark = [pytest.mark.servers, pytest.mark.slow]


# ---- Reading, without `up` -------------------------------------------------------------------------------------------


async def test_search_finds_the_second_at_which_it_is_said(story: Story) -> None:
    sentence = next(spoken for spoken in SPOKEN if "largest hot desert" in spoken["text"])
    end = await mentora(story.folder, "search", "which desert is the biggest", "--json")
    best = end.json["hits"][0]
    assert abs(best["start_second"] - sentence["start"]) < 1
    assert "Sahara" in best["sentence"]
    assert best["video_id"] == story.video_id


async def test_a_person_reads_moments_as_a_player_shows_them(story: Story) -> None:
    end = await mentora(story.folder, "search", "what makes the tide", "--limit", "2")
    title, *moments = end.out.splitlines()
    assert title == f"lecture ({story.video_id[:8]})"
    assert len(moments) == 2
    assert re.search(r"^ 0\.\d\d +1:4\d  .*tide", moments[0])


async def test_another_creator_finds_nothing(story: Story) -> None:
    end = await mentora(story.folder, "search", "tide", "--creator", "somebody else")
    assert end.out.startswith("Nothing found")
    missing = await mentora(story.folder, "show", story.video_id, "--creator", "somebody else", "--json")
    assert (missing.status, missing.error["code"]) == (40, "video_not_found")


async def test_show_tells_transcript_chunks_and_quiz(story: Story) -> None:
    end = await mentora(story.folder, "show", story.video_id[:8])
    assert end.status == 0
    assert "    1:40  The tide is the rise and fall of the sea twice a day." in end.out
    assert "\nChunks\n" in end.out
    assert "\nQuiz\n" in end.out
    assert "Answer:" not in end.out


async def test_show_takes_the_file_itself_and_only_what_is_asked_for(story: Story) -> None:
    end = await mentora(story.folder, "show", str(LECTURE), "--answers")
    assert end.out.count("     Answer: ") == 10
    assert "Transcript" not in end.out
    document = (await mentora(story.folder, "show", str(LECTURE), "--quiz", "--json")).json
    assert "transcript" not in document
    assert "answer_index" not in document["quiz"]["questions"][0]


@pytest.mark.parametrize("wanted", ["vtt", "srt"])
async def test_captions_parse_and_hold_every_word(story: Story, wanted: str) -> None:
    end = await mentora(story.folder, "captions", story.video_id, "--format", wanted)
    cues = webvtt.from_buffer(StringIO(end.out), format=wanted).captions
    words = [word for cue in cues for word in cue.text.split()]
    assert len(words) == story.completed["transcript"]["words"]


async def test_captions_go_to_a_file_where_one_is_named(story: Story) -> None:
    target = story.folder / "lecture.vtt"
    end = await mentora(story.folder, "captions", str(LECTURE), "--output", str(target), "--json")
    assert end.json == {"video_id": story.video_id, "format": "vtt", "is_partial": False, "file": str(target)}
    assert target.read_text() == Path(story.completed["captions"]).read_text()


async def test_captions_of_a_video_without_a_transcript_are_not_ready(story: Story) -> None:
    end = await mentora(story.folder, "captions", str(story.folder / "bad" / "text.mp4"), "--json")
    assert (end.status, end.error["code"]) == (43, "transcript_not_ready")


async def test_status_lists_the_videos_and_says_that_nothing_runs(story: Story) -> None:
    end = await mentora(story.folder, "status")
    assert end.status == 0
    assert end.out.startswith("No `mentora up` runs in ")
    assert re.search(rf"{story.video_id[:8]}  completed +2:1\d  lecture", end.out)
    assert "failed: not_media" in end.out
    document = (await mentora(story.folder, "status", "--json")).json
    assert not document["running"]
    assert len(document["videos"]) == 6


async def test_two_commands_at_once_wait_for_each_other(story: Story) -> None:
    ends = await asyncio.gather(*(mentora(story.folder, "status", "--json") for _ in range(2)))
    assert [end.status for end in ends] == [0, 0]


async def test_status_of_one_video_tells_every_stage(story: Story) -> None:
    end = await mentora(story.folder, "status", str(LECTURE), "--json")
    assert end.json["status"] == "completed"
    assert end.json["stages"] == story.completed["stages"]


# ---- With `up` -------------------------------------------------------------------------------------------------------


async def test_status_and_process_use_what_runs(story: Story) -> None:
    up = await start_mentora(story.folder, "up", "--no-workers", "--json")
    assert up.stdout is not None
    await up.stdout.readline()
    try:
        state = HomeState.model_validate_json((story.folder / ".mentora" / "run" / "state.json").read_text())
        shown = (await mentora(story.folder, "status", "--json")).json
        assert shown["running"]
        assert _pids(shown) == {process.name: process.pid for process in state.processes}
        again = await mentora(story.folder, "process", str(LECTURE), "--json")
        assert again.json["video_id"] == story.video_id
        assert "while `mentora up` runs" not in (await mentora(story.folder, "process", str(LECTURE))).out
    finally:
        await finished(up, signal.SIGTERM)


def _pids(shown: Any) -> dict[str, int]:
    return {process["name"]: process["pid"] for process in shown["processes"]}
