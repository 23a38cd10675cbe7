"""Chat over HTTP: answers that stream, with citations that exist, in sessions that are the asker's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from schemas.chats import NOTHING_FOUND
from schemas.chunks import Vectors
from schemas.videos import VideoRef
from tests.callers import joined
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, SEA, published, searchable
from tests.starters.api.conversation import heard
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class School:
    """A creator with a published lecture on ice and one on the sea that is not; ada is a member, bob was one."""

    creator: UUID
    ice: VideoRef
    sea: VideoRef


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def school(database: FreshDatabase) -> School:
    creator, embedder = uuid4(), WordEmbedder()
    ice = await published(database, await searchable(database.app, embedder, creator, ICE))
    sea = await searchable(database.app, embedder, creator, SEA)
    await joined(database, creator, "ada")
    await joined(database, creator, "eve")
    await joined(database, creator, "bob", "expired")
    return School(creator, ice, sea)


async def test_an_answer_streams_and_cites_what_the_lecture_says(gateway: Gateway, school: School) -> None:
    answer = await heard(gateway, gateway.student(school.creator), question="What is a glacier?")
    assert answer.names == ["session", "token", "citation", "done"]
    assert answer.text.startswith("A glacier is a river of ice. [1]")
    citation = answer.all("citation")[0]
    assert citation == {
        "number": 1, "video_id": str(school.ice.video_id), "title": ICE[:12],
        "start_second": 0.0, "end_second": pytest.approx(2.8), "quotation": "A glacier is a river of ice.",
    }  # fmt: skip
    (done,) = answer.all("done")
    assert (done["answer"], done["citations"]) == (answer.text, answer.all("citation"))
    assert {"session_id": done["session_id"], "message_id": done["id"]} == answer.all("session")[0]


async def test_who_wants_one_document_gets_it(gateway: Gateway, school: School) -> None:
    who, question = gateway.student(school.creator), {"question": "What is a glacier?"}
    by_header = await gateway.client.post("/api/chat", json=question, headers=who | {"Accept": "application/json"})
    by_field = await gateway.client.post("/api/chat", json=question | {"stream": False}, headers=who)
    streamed = await gateway.client.post("/api/chat", json=question, headers=who)
    assert by_header.headers["content-type"] == by_field.headers["content-type"] == "application/json"
    assert by_header.json()["answer"] == by_field.json()["answer"]
    assert streamed.headers["content-type"].startswith("text/event-stream")


async def test_a_student_is_told_nothing_of_what_is_not_published(gateway: Gateway, school: School) -> None:
    question = {"question": "What pulls the water? The moon pulls the water.", "stream": False}
    mine = await gateway.client.post("/api/chat", json=question, headers=gateway.creator(school.creator))
    assert "The moon pulls the water. [1]" in mine.json()["answer"]
    theirs = await gateway.client.post("/api/chat", json=question, headers=gateway.student(school.creator))
    assert "moon" not in theirs.json()["answer"]
    assert str(school.sea.video_id) not in theirs.text
    named = question | {"video_id": str(school.sea.video_id)}
    refused = await gateway.client.post("/api/chat", json=named, headers=gateway.student(school.creator))
    assert (refused.status_code, refused.json()["code"]) == (404, "video_not_found")


@pytest.mark.parametrize("name", ["bob", "nobody"])
async def test_who_is_no_member_asks_nothing_and_leaves_nothing(
    gateway: Gateway, database: FreshDatabase, school: School, name: str
) -> None:
    before = await database.scalar("SELECT count(*) FROM chat_sessions")
    answer = await gateway.client.post(
        "/api/chat", json={"question": "What is a glacier?"}, headers=gateway.student(school.creator, name)
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await database.scalar("SELECT count(*) FROM chat_sessions") == before


async def test_a_session_is_its_askers_own(gateway: Gateway, school: School) -> None:
    ada = gateway.student(school.creator)
    session = (await heard(gateway, ada, question="What is a glacier?")).all("done")[0]["session_id"]
    mine = (await gateway.client.get(f"/api/chat/sessions/{session}", headers=ada)).json()
    assert (mine["title"], len(mine["items"])) == ("What is a glacier?", 1)
    for other in (
        gateway.student(school.creator, "eve"),
        gateway.creator(school.creator),
        gateway.creator(uuid4()),
        gateway.student(uuid4()),
    ):
        read = await gateway.client.get(f"/api/chat/sessions/{session}", headers=other)
        written = await gateway.client.post(
            "/api/chat", json={"question": "And now?", "session_id": session}, headers=other
        )
        assert (read.status_code, read.json()["code"]) == (404, "chat_not_found")
        assert (written.status_code, written.json()["code"]) == (404, "chat_not_found")
        listed = (await gateway.client.get("/api/chat/sessions?limit=100", headers=other)).json()
        assert session not in {entry["id"] for entry in listed["items"]}


async def test_lists_go_on_behind_a_cursor(gateway: Gateway, school: School) -> None:
    eve = gateway.student(school.creator, "eve")
    first = (await heard(gateway, eve, question="Question 0?")).all("done")[0]["session_id"]
    for number in range(1, 5):
        await heard(gateway, eve, question=f"Question {number}?", session_id=first)
        await heard(gateway, eve, question=f"Session {number}?")
    lists = {
        f"/api/chat/sessions/{first}": ("question", [f"Question {n}?" for n in (4, 3, 2, 1, 0)]),
        "/api/chat/sessions": ("title", [*(f"Session {n}?" for n in (4, 3, 2, 1)), "Question 0?"]),
    }
    for limit, (path, (name, expected)) in product((2, 5), lists.items()):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = (await gateway.client.get(path, params=query, headers=eve)).json()
            assert page["items"], "no page is empty"
            seen += [item[name] for item in page["items"]]
            cursor = page["next"]
        assert seen == expected


async def test_what_is_unpublished_is_no_longer_quoted_in_old_answers(
    gateway: Gateway, database: FreshDatabase, school: School
) -> None:
    ada = gateway.student(school.creator)
    session = (await heard(gateway, ada, question="What is a glacier?")).all("done")[0]["session_id"]

    async def cited() -> int:
        page = (await gateway.client.get(f"/api/chat/sessions/{session}", headers=ada)).json()
        return len(page["items"][0]["citations"])

    assert await cited() > 0
    await database.scalar("UPDATE videos SET published = false WHERE id = $1", school.ice.video_id)
    assert await cited() == 0
    await published(database, school.ice)


async def test_a_creator_without_any_lecture_hears_that_there_is_nothing(gateway: Gateway) -> None:
    answer = await heard(gateway, gateway.creator(uuid4()), question="What is a glacier?")
    assert (answer.text, answer.names) == (NOTHING_FOUND, ["session", "token", "done"])


@pytest.mark.parametrize(
    "body",
    [
        {}, {"question": ""}, {"question": " \x00 "}, {"question": "x" * 2_001}, {"question": 1},
        {"question": "x", "session_id": "1"}, {"question": "x", "stream": "perhaps"},
    ],
)  # fmt: skip
async def test_what_is_no_question_is_refused(gateway: Gateway, school: School, body: dict[str, object]) -> None:
    answer = await gateway.client.post("/api/chat", json=body, headers=gateway.creator(school.creator))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_text_that_no_database_stores_is_cleaned(gateway: Gateway, school: School) -> None:
    raw = b'{"question": "What is\\u0000 a glacier\\u202e?", "stream": false}'
    headers = gateway.creator(school.creator) | {"Content-Type": "application/json"}
    answer = await gateway.client.post("/api/chat", content=raw, headers=headers)
    assert answer.json()["question"] == "What is a glacier?"


class BrokenEmbedder(WordEmbedder):
    """A bug, when it is asked."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        raise ZeroDivisionError("secret")


async def test_a_bug_is_told_without_its_story_and_the_question_can_be_asked_again(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    creator, question = uuid4(), {"question": "What is a glacier?", "stream": False}
    settings = gateway_settings(servers, database, tmp_path, redis_cache_url="")
    async with running_gateway(settings, BrokenEmbedder()) as broken:
        who = broken.creator(creator)
        streamed = await heard(broken, who, question="What is a glacier?")
        assert streamed.names == ["session", "error"]
        (problem,) = streamed.all("error")
        whole = await broken.client.post("/api/chat", json=question, headers=who | {"Idempotency-Key": "again"})
        for said in (problem, whole.json()):
            assert (said["status"], said["code"]) == (500, "error")
            assert "secret" not in str(said)
    async with running_gateway(settings) as mended:
        again = mended.creator(creator) | {"Idempotency-Key": "again"}
        assert (await mended.client.post("/api/chat", json=question, headers=again)).status_code == 200
