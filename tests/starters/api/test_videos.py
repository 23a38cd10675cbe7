"""The list of videos and a video's page, as creators and students get them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from anyio.to_thread import current_default_thread_limiter

from adapters.postgres.videos import PostgresVideos
from schemas.errors import NoAudioTrack
from tests.callers import enrolled, lapse
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed, processing, publish

pytestmark = pytest.mark.servers


async def _ids(gateway: Gateway, headers: dict[str, str], **query: str) -> list[str]:
    answer = await gateway.client.get("/api/videos", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_pages_hold_each_video_once_newest_first_also_those_of_one_instant(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    for n in range(7):
        await queued_video(database.app, creator, f"lecture-{n}")
    await database.scalar(
        "UPDATE videos SET created_at = date_trunc('minute', created_at) WHERE creator_id = $1", creator
    )
    wanted = await database.rows("SELECT id FROM videos WHERE creator_id = $1 ORDER BY created_at DESC, id", creator)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await gateway.client.get("/api/videos", headers=gateway.creator(creator), params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [str(row["id"]) for row in wanted]


async def test_a_video_that_comes_between_two_pages_does_not_move_them(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    first = [await queued_video(database.app, creator, f"lecture-{n}") for n in range(4)]
    page = (await gateway.client.get("/api/videos", headers=gateway.creator(creator), params={"limit": 2})).json()
    await queued_video(database.app, creator, "later")
    rest = await _ids(gateway, gateway.creator(creator), cursor=page["next"])
    assert rest == [str(first[1].video_id), str(first[0].video_id)]


async def test_a_list_is_filtered_by_status_and_course(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    waiting = await queued_video(database.app, creator, "waiting")
    audio, _ = await completed(database, creator)
    headers = gateway.creator(creator)
    assert await _ids(gateway, headers, status="queued") == [str(waiting.video_id)]
    assert await _ids(gateway, headers, status="completed") == [str(audio.video.video_id)]
    assert len(await _ids(gateway, headers, course="Geology")) == 2
    assert await _ids(gateway, headers, course="History") == []


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"cursor": "9" * 30 + "." + "0" * 32}, {"status": "gone"},
     {"course": "a\0b"}, {"course": ""}],
)  # fmt: skip
async def test_a_list_refuses_what_it_cannot_read(gateway: Gateway, query: dict[str, str | int]) -> None:
    answer = await gateway.client.get("/api/videos", headers=gateway.creator(uuid4()), params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


async def test_the_furthest_cursor_is_an_empty_page(gateway: Gateway) -> None:
    for at in ("0", "9" * 17):
        cursor = f"{at}.{'f' * 32}"
        assert await _ids(gateway, gateway.creator(uuid4()), cursor=cursor) == []


async def test_students_get_what_is_published_while_their_membership_lasts(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator, other = uuid4(), uuid4()
    shown, _ = await completed(database, creator)
    hidden, _ = await completed(database, creator, "hidden", published=False)
    await completed(database, other)
    ada = await enrolled(database, creator)
    headers = gateway.student(creator)
    assert await _ids(gateway, headers) == [str(shown.video.video_id)]
    assert (await _page(gateway, headers, shown.video.video_id))["status"] == "completed"
    assert await _status(gateway, headers, hidden.video.video_id) == 404
    await lapse(database, ada)
    assert await _ids(gateway, headers) == []
    assert await _status(gateway, headers, shown.video.video_id) == 404


async def test_nobody_sees_another_creators_video(gateway: Gateway, database: FreshDatabase) -> None:
    creator, other = uuid4(), uuid4()
    audio, _ = await completed(database, creator)
    await enrolled(database, other)
    for headers in (gateway.creator(other), gateway.student(other)):
        assert await _ids(gateway, headers) == []
        assert await _status(gateway, headers, audio.video.video_id) == 404


async def test_a_page_tells_how_far_the_video_is_and_what_can_be_read(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [0])
    page = await _page(gateway, gateway.creator(creator), audio.video.video_id)
    assert (page["title"], page["course"], page["status"]) == ("On glaciers", "Geology", "processing")
    assert [(s["stage"], s["done"], s["total"], s["unit"]) for s in page["stages"]] == [("transcript", 1, 2, "parts")]
    assert page["progress"] == pytest.approx(0.375)
    transcript = page["transcript"]
    assert (transcript["is_partial"], transcript["parts_done"], transcript["parts_total"]) == (True, 1, 2)
    assert page["quiz_ids"] == []


async def test_a_completed_video_names_its_quizzes_and_is_whole(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator)
    for headers in (gateway.creator(creator), gateway.student(creator)):
        page = await _page(gateway, headers, audio.video.video_id)
        assert (page["progress"], page["seconds_left"], page["duration_seconds"]) == (1, None, 60)
        assert page["transcript"]["is_partial"] is False
        assert page["quiz_ids"] == [str(quiz.quiz_id)]
        assert [stage["stage"] for stage in page["stages"]] == ["transcript"]


async def test_a_failure_names_its_code_and_cure_to_the_creator_alone(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = await queued_video(database.app, creator)
    await PostgresVideos(database.app).fail(
        video, "fetch", "no_audio_track", "https://a.b/?secret has no sound", "w", 1
    )
    await publish(database, video)
    await enrolled(database, creator)
    page = await _page(gateway, gateway.creator(creator), video.video_id)
    assert page["failure"] == {
        "code": "no_audio_track",
        "message": "https://a.b/?secret has no sound",
        "cure": NoAudioTrack.cure,
    }
    seen = await gateway.client.get(f"/api/videos/{video.video_id}", headers=gateway.student(creator))
    assert (seen.json()["status"], seen.json()["failure"]) == ("failed", None)
    assert "secret" not in seen.text


async def _page(gateway: Gateway, headers: dict[str, str], video: UUID) -> Any:
    answer = await gateway.client.get(f"/api/videos/{video}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _status(gateway: Gateway, headers: dict[str, str], video: UUID) -> int:
    return (await gateway.client.get(f"/api/videos/{video}", headers=headers)).status_code


async def test_a_read_needs_no_thread(gateway: Gateway, database: FreshDatabase) -> None:
    """A dependency that is a plain function would run in one: at 300 requests a second they all wait for each other."""
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator)
    video, headers, threads = audio.video.video_id, gateway.student(creator), current_default_thread_limiter()
    borrowers = [object() for _ in range(int(threads.available_tokens))]
    for borrower in borrowers:
        threads.acquire_on_behalf_of_nowait(borrower)
    try:
        for path in ("", f"/{video}", f"/{video}/transcript"):
            answer = await gateway.client.get(f"/api/videos{path}", headers=headers, timeout=3)
            assert answer.status_code == 200
        assert (await gateway.client.get(f"/api/quizzes/{quiz.quiz_id}", headers=headers, timeout=3)).is_success
    finally:
        for borrower in borrowers:
            threads.release_on_behalf_of(borrower)
