"""Search over HTTP: who finds what, and that whatever comes is answered as promised."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.embedding.minilm import MiniLmEmbedder
from tests.callers import joined
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.recordings import LECTURE_TEXT
from tests.searchable import ICE, SEA, published, searchable
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

pytestmark = pytest.mark.servers


async def test_a_creator_finds_the_moment_and_another_finds_nothing(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await searchable(database.app, WordEmbedder(), creator, SEA)
    asked = {"q": "what pulls the water", "limit": "1"}
    found = await gateway.client.get("/api/search", params=asked, headers=gateway.creator(creator))
    (hit,) = found.json()["items"]
    assert hit["sentence"] == "The moon pulls the water."
    assert hit["video_id"] == str(video.video_id)
    assert hit["start_second"] == pytest.approx(6.0)
    theirs = await gateway.client.get("/api/search", params=asked, headers=gateway.creator(uuid4()))
    assert theirs.json()["items"] == []


async def test_a_student_finds_what_is_published(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    ice = await published(database, await searchable(database.app, WordEmbedder(), creator, ICE))
    await searchable(database.app, WordEmbedder(), creator, SEA)
    await joined(database, creator)
    for name, expected in (("ada", {str(ice.video_id)}), ("nobody", set())):
        answer = await gateway.client.get("/api/search?q=the", headers=gateway.student(creator, name))
        assert {hit["video_id"] for hit in answer.json()["items"]} == expected


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%00", "q=%20", "q=x&limit=0", "q=x&limit=51", "q=x&video_id=1", f"q={'x' * 501}"]
)
async def test_what_is_no_search_is_refused(gateway: Gateway, query: str) -> None:
    answer = await gateway.client.get(f"/api/search?{query}", headers=gateway.creator(uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_a_line_of_dashes_is_searched_for_and_asked_about(gateway: Gateway, database: FreshDatabase) -> None:
    creator, typed = uuid4(), "ice " + "-" * 60 + " river"
    await searchable(database.app, WordEmbedder(), creator, ICE)
    found = await gateway.client.get("/api/search", params={"q": typed}, headers=gateway.creator(creator))
    assert found.json()["items"][0]["sentence"] == "A glacier is a river of ice."
    question = {"question": typed, "stream": False}
    answer = await gateway.client.post("/api/chat", json=question, headers=gateway.creator(creator))
    assert (answer.status_code, len(answer.json()["citations"]) > 0) == (200, True)


async def test_nobody_searches_unknown(gateway: Gateway) -> None:
    assert (await gateway.client.get("/api/search?q=x")).status_code == 401
    assert (await gateway.client.get("/api/search?q=x", headers=gateway.operator())).status_code == 403


@pytest.mark.slow
async def test_with_the_local_model_questions_find_what_answers_them(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    creator, embedder = uuid4(), MiniLmEmbedder(tmp_path)
    await searchable(database.app, embedder, creator, " ".join(LECTURE_TEXT.read_text().split()))
    settings = gateway_settings(servers, database, tmp_path, redis_cache_url="")
    async with running_gateway(settings, embedder) as gateway:
        for question, begins in (
            ("which desert is the biggest", "The largest hot desert"),
            ("Why does the ground shake?", "An earthquake is"),
            ("How are sand dunes made?", "The wind blows"),
        ):
            asked = {"q": question}
            found = await gateway.client.get("/api/search", params=asked, headers=gateway.creator(creator))
            assert found.json()["items"][0]["sentence"].startswith(begins)
        answer = await gateway.client.post(
            "/api/chat",
            json={"question": "Why does the ground shake?", "stream": False},
            headers=gateway.creator(creator),
        )
        assert answer.json()["answer"].startswith("An earthquake is")
        strange = {"question": "Who won the world cup in 1998?", "stream": False}
        honest = (await gateway.client.post("/api/chat", json=strange, headers=gateway.creator(creator))).json()
        assert (honest["answer"][:15], honest["citations"]) == ("I found nothing", [])
        assert (await gateway.client.get("/readyz")).json()["dependencies"]["models"] == "ready"
