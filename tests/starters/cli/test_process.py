"""`mentora process`: interrupted, completed, repeated, and given bad files."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
import webvtt

from tests.starters.cli.commands import mentora
from tests.starters.cli.story import BAD, LECTURE, SPOKEN, Story

pytestmark = [pytest.mark.servers, pytest.mark.slow]


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
    assert list((home / "objects" / ".put").iterdir()) == []
    assert [path.name for path in (home / "captions").iterdir()] == [f"{story.video_id}.vtt"]
