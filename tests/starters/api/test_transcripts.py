"""Transcript and captions: in pages, while they grow, and not again to who has them."""

from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import webvtt

from tests.callers import enrolled, lapse
from tests.databases import FreshDatabase, queued_video, transcribed
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed, processing, publish

pytestmark = pytest.mark.servers

KINDS = ("transcript", "captions.vtt", "captions.srt")


async def _get(
    gateway: Gateway, headers: dict[str, str], video: UUID, kind: str, **query: str | float
) -> httpx2.Response:
    return await gateway.client.get(f"/api/videos/{video}/{kind}", headers=headers, params=query)


async def _filled(database: FreshDatabase, creator: UUID, segments: int) -> UUID:
    """A completed lecture whose second part has so many segments more, a second each."""
    audio, _ = await completed(database, creator)
    await database.execute(
        f"""INSERT INTO segments
                (creator_id, transcript_id, part_number, position, video_id, start_second, end_second, text, words)
            SELECT '{creator}', '{audio.transcript_id}', 1, n, '{audio.video.video_id}', 30 + n, 31 + n, 'Word ' || n,
                   jsonb_build_array(jsonb_build_array(30 + n, 31 + n, ' Word', 0.9))
            FROM generate_series(1, {segments}) n"""
    )
    return audio.video.video_id


async def test_pages_hold_every_segment_once_in_order(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _filled(database, creator, 25)
    texts: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query: dict[str, Any] = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = (await _get(gateway, gateway.creator(creator), video, "transcript", **query)).json()
        texts += [item["text"] for item in page["items"]]
        cursor = page["next"]
    assert texts == ["Part0 speaks.", "Part1 speaks.", *(f"Word {n}" for n in range(1, 26))]


async def test_a_player_jumps_to_a_second(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _filled(database, creator, 25)
    page = (await _get(gateway, gateway.creator(creator), video, "transcript", after=40.5, limit=2)).json()
    assert [item["start"] for item in page["items"]] == [41, 42]


async def test_a_partial_transcript_ends_at_the_first_gap_and_says_so(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [0])
    video, headers = audio.video.video_id, gateway.creator(creator)
    page = (await _get(gateway, headers, video, "transcript")).json()
    assert (page["is_partial"], page["parts_done"], page["parts_total"], page["next"]) == (True, 1, 2, None)
    assert [item["text"] for item in page["items"]] == ["Part0 speaks."]
    vtt = await _get(gateway, headers, video, "captions.vtt")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert vtt.headers["mentora-partial"] == "true"
    assert "NOTE Partial: 1 of 2 parts are transcribed\n" in vtt.text
    assert [cue.text for cue in webvtt.from_buffer(StringIO(vtt.text)).captions] == ["Part0 speaks."]
    srt = await _get(gateway, headers, video, "captions.srt")
    assert (srt.headers["mentora-partial"], srt.text.splitlines()[2]) == ("true", "Part0 speaks.")


async def test_what_is_heard_behind_a_gap_waits_for_what_comes_before(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [1])
    page = (await _get(gateway, gateway.creator(creator), audio.video.video_id, "transcript")).json()
    assert (page["parts_done"], page["items"], page["next"]) == (1, [], None)
    vtt = await _get(gateway, gateway.creator(creator), audio.video.video_id, "captions.vtt")
    assert "Part1" not in vtt.text


async def test_whole_captions_hold_every_word_and_no_note(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    vtt = await _get(gateway, gateway.creator(creator), audio.video.video_id, "captions.vtt")
    assert vtt.headers["mentora-partial"] == "false"
    assert [cue.text for cue in webvtt.from_buffer(StringIO(vtt.text)).captions] == ["Part0 speaks.", "Part1 speaks."]
    assert "NOTE" not in vtt.text


@pytest.mark.parametrize("kind", KINDS)
async def test_who_has_this_version_gets_304_until_there_is_more(
    gateway: Gateway, database: FreshDatabase, kind: str
) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [0])
    headers = gateway.creator(creator)
    first = await _get(gateway, headers, audio.video.video_id, kind)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    for held in (first.headers["etag"], f'"x", {first.headers["etag"]}', "*"):
        same = await _get(gateway, headers | {"If-None-Match": held}, audio.video.video_id, kind)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await transcribed(database.app, audio, [1])
    more = await _get(gateway, headers | {"If-None-Match": first.headers["etag"]}, audio.video.video_id, kind)
    assert more.status_code == 200
    assert "Part1" in more.text


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_there_yet_is_not_found(gateway: Gateway, database: FreshDatabase, kind: str) -> None:
    creator = uuid4()
    waiting = await queued_video(database.app, creator, "waiting")
    laid_out = await processing(database, creator, [])
    for video in (waiting, laid_out.video):
        answer = await _get(gateway, gateway.creator(creator), video.video_id, kind)
        assert (answer.status_code, answer.json()["code"]) == (404, "transcript_not_ready")


@pytest.mark.parametrize("kind", KINDS)
async def test_students_read_what_is_published_and_nobody_reads_anothers(
    gateway: Gateway, database: FreshDatabase, kind: str
) -> None:
    creator, other = uuid4(), uuid4()
    audio, _ = await completed(database, creator, published=False)
    ada = await enrolled(database, creator)
    await enrolled(database, other)
    video = audio.video.video_id
    creators = await _get(gateway, gateway.creator(creator), video, kind)
    hidden = await _get(gateway, gateway.student(creator) | {"If-None-Match": creators.headers["etag"]}, video, kind)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "video_not_found")
    await publish(database, audio.video)
    assert (await _get(gateway, gateway.student(creator), video, kind)).text == creators.text
    for stranger in (gateway.creator(other), gateway.student(other)):
        assert (await _get(gateway, stranger, video, kind)).json()["code"] == "video_not_found"
    await lapse(database, ada)
    assert (await _get(gateway, gateway.student(creator), video, kind)).status_code == 404


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1_001}, {"after": -1}, {"after": "nan"}, {"after": "inf"}, {"after": 1e9},
     {"cursor": "1"}, {"cursor": "9" * 10 + ".0"}],
)  # fmt: skip
async def test_a_page_refuses_what_it_cannot_read(gateway: Gateway, query: dict[str, str | float]) -> None:
    answer = await _get(gateway, gateway.creator(uuid4()), uuid4(), "transcript", **query)
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


@pytest.mark.slow
async def test_four_hours_fit(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _filled(database, creator, 14_400)
    headers = gateway.creator(creator)
    page = await _get(gateway, headers, video, "transcript", limit=1_000)
    assert len(page.json()["items"]) == 1_000
    captions = await _get(gateway, headers, video, "captions.vtt")
    assert captions.status_code == 200
    assert "04:00:" in captions.text
