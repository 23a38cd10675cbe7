"""Edits over HTTP: held to what was heard, and however many come at once, others are answered meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed

pytestmark = pytest.mark.servers

HEARD = 2 * len("Part0 speaks.")  # by the lecture of two segments


async def _edit(gateway: Gateway, creator: UUID, video: UUID, texts: dict[int, str]) -> httpx2.Response:
    body: dict[str, Any] = {"type": "transcript/edited", "video_id": str(video)}
    body["segments"] = [{"number": number, "text": text} for number, text in texts.items()]
    headers = gateway.creator(creator) | {"Idempotency-Key": "edit"}
    return await gateway.client.post("/api/events", json=body, headers=headers)


async def _with_segments(database: FreshDatabase, creator: UUID, segments: int) -> UUID:
    """A lecture with so many segments more, of ten words each."""
    audio, _ = await completed(database, creator)
    await database.execute(
        f"""INSERT INTO segments
                (creator_id, transcript_id, part_number, position, video_id, start_second, end_second, text, words)
            SELECT '{creator}', '{audio.transcript_id}', 1, n, '{audio.video.video_id}', 30 + 5 * n, 35 + 5 * n,
                   'We will look at mountains, rivers, ice and the sea.',
                   (SELECT jsonb_agg(jsonb_build_array(30 + 5 * n + i / 2.0, 30.5 + 5 * n + i / 2.0, ' word', 0.9))
                    FROM generate_series(0, 9) i)
            FROM generate_series(1, {segments}) n"""
    )
    return audio.video.video_id


async def test_a_text_much_longer_than_what_was_heard_is_refused_by_its_segment(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = (await completed(database, creator))[0].video.video_id
    answer = await _edit(gateway, creator, video, {0: "Part zero speaks.", 1: "a " * 126 + "ab"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    problem = "segment 1 may have 252 characters, by what was heard"
    assert answer.json()["errors"] == [{"field": "body.transcript/edited.segments.1.text", "message": problem}]
    edits = "SELECT count(*) FROM segments WHERE edited_text IS NOT NULL AND creator_id = $1"
    assert await database.scalar(edits, creator) == 0
    assert (await _edit(gateway, creator, video, {1: "a " * 126})).status_code == 202  # the key was left free


async def test_a_transcript_is_not_made_much_longer_by_many_edits(gateway: Gateway, database: FreshDatabase) -> None:
    creator, segments = uuid4(), 60
    video = await _with_segments(database, creator, segments)
    most = 2 * (HEARD + 51 * segments) + 10_000
    answer = await _edit(gateway, creator, video, dict.fromkeys(range(2, segments + 2), "a" * 300))
    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"]) == (422, "body.transcript/edited.segments")
    assert str(most) in problem["message"]
    assert (await _edit(gateway, creator, video, dict.fromkeys(range(2, segments + 2), "a" * 268))).status_code == 202


@asynccontextmanager
async def _standing_still() -> AsyncIterator[list[float]]:
    """The seconds for which the process did nothing else, each time."""
    gaps = [0.0]

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            gaps.append(time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    try:
        yield gaps
    finally:
        ticking.cancel()


async def test_while_a_thousand_segments_are_edited_others_are_answered(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = await _with_segments(database, creator, 1_000)
    async with _standing_still() as gaps:
        assert (await _edit(gateway, creator, video, dict.fromkeys(range(2, 1_002), "a " * 52))).status_code == 202
    assert max(gaps) < 0.5  # it was 1.2 s and more for these 100 KB, and 17 s for the megabyte that a body may have
