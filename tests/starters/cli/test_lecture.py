"""One lecture from its bytes to its quiz, by the commands that a person types, in one home."""

import asyncio
import json
import re
import shutil
import signal
import time
import wave
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
import webvtt

from adapters.embedded.identity import birth
from adapters.embedded.state import HomeState
from tests.adapters.media.corpus import Corpus
from tests.starters.cli.commands import CHECKOUT, Finished, finished, mentora, start_mentora

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LECTURE = CHECKOUT / "samples" / "lecture.mp4"
SPOKEN = json.loads((CHECKOUT / "samples" / "lecture.times.json").read_text())
BAD = {  # each its own code and status; `quiet.wav` is made here, `none.mp4` is not there, the rest is in the corpus
    "silent-film.mp4": ("no_audio_track", 21),
    "quiet.wav": ("speech_not_found", 22),
    "cut-faststart.mp4": ("media_truncated", 23),
    "text.mp4": ("not_media", 20),
    "seventy-seconds.mp3": ("media_too_long", 24),
    "empty.mp4": ("file_not_readable", 27),
    "none.mp4": ("file_not_readable", 27),
}


@dataclass(frozen=True)
class Story:
    """What was typed in `folder`: a `process` that met Ctrl-C in the middle, and one of the same and of bad files."""

    folder: Path
    interrupted: Finished
    seconds_to_end: float
    left_behind: list[str]
    several: Finished

    @property
    def completed(self) -> Any:
        """The lecture's document, among those of the bad files."""
        return self.several.json["videos"][0]

    @property
    def bad(self) -> list[Any]:
        documents: list[Any] = self.several.json["videos"]
        return documents[1:]

    @property
    def video_id(self) -> str:
        return str(self.completed["video_id"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("lecture")
    command = await start_mentora(folder, "process", str(LECTURE))
    assert command.stdout is not None
    said = ""
    while "transcript 1 of" not in said and (line := await command.stdout.readline()):
        said += line.decode()
    children = psutil.Process(command.pid).children(recursive=True)
    born = {child.pid: birth(child.pid) for child in children}
    began = time.monotonic()
    end = await finished(command, signal.SIGINT)
    seconds = time.monotonic() - began
    left = [child.name() for child in children if birth(child.pid) and birth(child.pid) == born[child.pid]]
    return Story(
        folder,
        Finished(end.status, said + end.out, end.err),
        seconds,
        left,
        # The limit is for the bad files; the lecture's sound was extracted before, under another.
        await mentora(folder, "process", str(LECTURE), *_bad_files(folder), "--json", MENTORA_MAX_VIDEO_HOURS="0.01"),
    )


def _bad_files(folder: Path) -> list[str]:
    made = folder / "bad"
    made.mkdir()
    corpus = Corpus(made)
    with wave.open(str(made / "quiet.wav"), "wb") as quiet:
        quiet.setparams((1, 2, 16_000, 0, "NONE", ""))
        quiet.writeframes(bytes(2 * 16_000 * 5))
    return [str(made / name if name == "none.mp4" else corpus[name]) for name in BAD]


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_everything_within_ten_seconds(story: Story) -> None:
    assert story.seconds_to_end < 10
    assert story.left_behind == []
    assert not (story.folder / ".mentora" / "run" / "state.json").exists()


def test_ctrl_c_says_that_nothing_is_lost_and_how_to_go_on(story: Story) -> None:
    assert story.interrupted.status == 130
    fact, cure = story.interrupted.err.splitlines()
    assert fact == "Interrupted. What is stored is kept."
    assert "mentora up" in cure
    assert "mentora process" in cure


def test_a_file_is_told_in_plain_lines(story: Story) -> None:
    assert "\x1b" not in story.interrupted.out
    assert "\r" not in story.interrupted.out
    assert "Starting the servers and the workers…" in story.interrupted.out
    assert f"video {story.video_id}" in story.interrupted.out


# ---- The document ----------------------------------------------------------------------------------------------------


def test_the_next_process_of_the_same_file_completes_it(story: Story) -> None:
    assert story.completed["status"] == "completed"
    assert story.completed["error"] is None


def test_the_document_tells_what_was_made(story: Story) -> None:
    made = story.completed
    assert made["source"] == str(LECTURE)
    assert made["title"] == "lecture"
    assert made["duration_seconds"] == pytest.approx(SPOKEN[-1]["end"], abs=3)
    assert made["elapsed_seconds"] > 0
    assert made["transcript"]["language"] == "en"
    assert 350 < made["transcript"]["words"] < 430
    assert made["transcript"]["is_complete"]
    assert made["chunks"] >= 3
    assert made["embedding_model"] == "all-MiniLM-L6-v2"


def test_every_stage_has_its_seconds_and_its_unit(story: Story) -> None:
    stages = story.completed["stages"]
    assert list(stages) == ["fetch", "audio", "transcript", "chunks", "embeddings", "quiz"]
    assert all(stage["seconds"] is not None for stage in stages.values())
    assert stages["transcript"]["unit"] == "parts"
    assert stages["transcript"]["done"] == stages["transcript"]["total"]


def test_every_question_rests_on_words_of_the_lecture(story: Story) -> None:
    questions = story.completed["quiz"]["questions"]
    assert len(questions) == 10
    for question in questions:
        assert len(set(question["options"])) == 4
        assert 0 <= question["start_second"] < question["end_second"] <= SPOKEN[-1]["end"] + 2


def test_the_link_to_temporal_names_the_workflow(story: Story) -> None:
    made = story.completed
    assert made["workflow_id"].endswith(made["video_id"])
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/namespaces/default/workflows/process-video%2F[0-9a-f-]+%2F[0-9a-f-]+",
        made["temporal_ui"],
    )


def test_the_captions_lie_in_the_home(story: Story) -> None:
    captions = webvtt.read(story.completed["captions"])
    assert str(story.folder / ".mentora" / "captions") in story.completed["captions"]
    assert captions[0].text.replace("\n", " ").startswith("Welcome to this short lecture")


async def test_the_same_file_under_another_name_is_answered_at_once(story: Story) -> None:
    copy = story.folder / "another name.mp4"
    shutil.copyfile(LECTURE, copy)
    began = time.monotonic()
    again = await mentora(story.folder, "process", str(copy), "--title", "Another title", "--json")
    assert time.monotonic() - began < 5
    assert again.status == 0
    assert again.err == ""
    assert again.json | {"source": ""} == story.completed | {"source": ""}


async def test_a_person_sees_the_result_the_quiz_without_answers_and_what_to_type_next(story: Story) -> None:
    end = await mentora(story.folder, "process", str(LECTURE))
    assert end.status == 0
    assert "processed before" in end.out
    assert "0:00  Welcome to this short lecture about the shape of the land." in end.out
    assert "Quiz (10 questions)" in end.out
    assert "Answer:" not in end.out
    assert "while `mentora up` runs" in end.out
    assert f"mentora show {story.video_id[:8]} --answers\n" in end.out
    assert "\x1b" not in end.out


# ---- Bad files -------------------------------------------------------------------------------------------------------


def test_every_bad_file_has_its_own_error_and_cure(story: Story) -> None:
    told = {Path(video["source"]).name: video["error"]["code"] for video in story.bad}
    assert told == {name: code for name, (code, _) in BAD.items()}
    assert all(video["error"]["cure"] for video in story.bad)


def test_of_several_errors_the_highest_status_is_the_commands(story: Story) -> None:
    assert story.several.status == max(status for _, status in BAD.values())


def test_every_error_is_also_a_line_on_standard_error(story: Story) -> None:
    assert [json.loads(line)["error"]["code"] for line in story.several.err.splitlines()] == [
        code for code, _ in BAD.values()
    ]


async def test_a_bad_file_alone_ends_with_its_own_status_in_a_line_of_fact_and_one_of_cure(story: Story) -> None:
    for name in ("text.mp4", "none.mp4"):
        end = await mentora(story.folder, "process", str(story.folder / "bad" / name))
        assert end.status == BAD[name][1]
        assert len(end.err.splitlines()) == 2
        assert end.out == ""


def test_nothing_is_left_of_work_in_hand(story: Story) -> None:
    home = story.folder / ".mentora"
    assert list((home / "spool").iterdir()) == []
    assert [path for path in (home / "objects").rglob("*") if path.name.startswith(".")] == []
    assert [path.name for path in (home / "captions").iterdir()] == [f"{story.video_id}.vtt"]


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
