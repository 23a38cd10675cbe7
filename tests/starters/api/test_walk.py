"""The sample lecture through the API alone, with clients that others wrote: from a cut upload to a graded quiz."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiotus
import httpx
import pytest
from httpx_sse import EventSource

from adapters.embedded.home import Home
from adapters.tokens.development import DevelopmentTokens
from schemas.callers import Caller, Role
from schemas.ids import creator_id, student_id
from tests.chaos.home import ROOT, running_home

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SAMPLE = ROOT / "samples" / "lecture.mp4"
CREATOR = creator_id("ada")


@dataclass
class CuttingProxy:
    """Passes bytes on to the gateway, and cuts a connection after so many bytes, as often as it is told.

    The gateway's own address in an answer becomes the proxy's, as with any reverse proxy.
    """

    target: int
    after: int
    cuts: int
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        back = asyncio.create_task(self._answer(there, writer))
        try:
            await self._pass(reader, onward, self.after if self.cuts else None)
        finally:
            for end in (writer, onward):
                end.close()
            back.cancel()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while block := await reader.read(65_536):
                writer.write(block.replace(b":%d/" % self.target, b":%d/" % self.port))
                await writer.drain()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> None:
        passed = 0
        with suppress(ConnectionError):
            while block := await reader.read(65_536):
                passed += len(block)
                if limit is not None and passed > limit:
                    self.cuts -= 1
                    return
                writer.write(block)
                await writer.drain()


@asynccontextmanager
async def _cut(api: str, after: int, cuts: int) -> AsyncIterator[tuple[CuttingProxy, str]]:
    proxy = CuttingProxy(httpx.URL(api).port or 80, after, cuts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy, f"http://127.0.0.1:{proxy.port}"


async def _followed(client: httpx.AsyncClient, video: str) -> list[int]:
    """The numbers of all changes, over a stream that is dropped after each third one and resumed."""
    numbers: list[int] = []
    while True:
        headers = {"Last-Event-ID": str(numbers[-1])} if numbers else {}
        async with client.stream("GET", f"/api/videos/{video}/progress", headers=headers) as stream:
            seen = 0
            async for event in EventSource(stream).aiter_sse():
                if event.event == "end":
                    return numbers
                if not event.data:  # how long to wait before coming again
                    continue
                numbers.append(int(event.id))
                seen += 1
                if seen == 3 and len(numbers) < 10:
                    break


async def _uploaded(api: str, headers: dict[str, str]) -> str:
    """By tus, through a connection that is cut twice; the client resumes by itself."""
    async with _cut(api, SAMPLE.stat().st_size // 3, cuts=2) as (proxy, address):
        with SAMPLE.open("rb") as file:
            url = await aiotus.upload(
                f"{address}/api/videos/upload", file, {"title": b"The shape of the land"}, headers=headers
            )
        assert (url is not None, proxy.cuts) == (True, 0)
    async with httpx.AsyncClient(base_url=api, headers=headers) as client:
        told = await client.head(httpx.URL(str(url)).path, headers={"Tus-Resumable": "1.0.0"})
        return told.headers["Video-Id"]


async def _asked(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    """The streamed answer: its pieces make the whole, its citations come before the end."""
    text, citations = "", []
    async with client.stream("POST", "/api/chat", json={"question": question}) as stream:
        async for event in EventSource(stream).aiter_sse():
            data = json.loads(event.data)
            if event.event == "token":
                text += data["text"]
            elif event.event == "citation":
                citations.append(data)
            elif event.event == "done":
                assert (text, citations) == (data["answer"], data["citations"])
                return dict(data)
    raise AssertionError("the stream ended without an end")


async def _quizzed(creator: httpx.AsyncClient, student: httpx.AsyncClient, quiz: str) -> None:
    """A student sees no solution, knows every answer by heart, leaves one out, and is graded."""
    known = (await creator.get(f"/api/quizzes/{quiz}")).json()["questions"]
    put = (await student.get(f"/api/quizzes/{quiz}")).json()["questions"]
    assert len(put) >= 5
    assert all(question["solution"] is None for question in put)
    answers = [
        {"question_id": question["id"], "option_index": question["solution"]["answer_index"]} for question in known[1:]
    ]
    graded = await student.post(
        f"/api/quizzes/{quiz}/attempts", json={"answers": answers}, headers={"Idempotency-Key": "first"}
    )
    result = graded.raise_for_status().json()
    assert (result["correct"], result["questions"]) == (len(known) - 1, len(known))
    assert all(answer["solution"]["quotation"] for answer in result["answers"])


def _headers(home: Path, caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {DevelopmentTokens(Home(home).development_key).issue(caller, 600)}"}


async def test_the_sample_lecture_goes_through_the_api_alone(tmp_path: Path) -> None:
    async with running_home(tmp_path / "home", transcription_processes=2) as home:
        api = home.state().environment["MENTORA_API_URL"]
        ada = Caller(role=Role.CREATOR, subject="ada", creator_id=CREATOR)
        pupil: UUID = student_id(CREATOR, "user_bob")
        bob = Caller(role=Role.STUDENT, subject="user_bob", creator_id=CREATOR, student_id=pupil)
        as_ada, as_bob = (_headers(home.folder, caller) for caller in (ada, bob))
        async with (
            httpx.AsyncClient(base_url=api, headers=as_ada, timeout=60) as creator,
            httpx.AsyncClient(base_url=api, headers=as_bob, timeout=60) as student,
        ):
            video = await _uploaded(api, as_ada)
            numbers = await _followed(creator, video)
            assert numbers == list(range(1, len(numbers) + 1)), "a change was lost, or came twice"
            detail = (await creator.get(f"/api/videos/{video}")).json()
            assert (detail["status"], detail["progress"]) == ("completed", 1.0)

            assert (await student.get(f"/api/videos/{video}")).status_code == 404
            joined = {
                "type": "membership/changed", "membership_id": "mem_1", "user_id": "user_bob", "status": "active",
                "changed_at": "2026-01-01T12:00:00Z",
            }  # fmt: skip
            await creator.post("/api/events", json=joined, headers={"Idempotency-Key": "joined"})
            await creator.patch(f"/api/videos/{video}", json={"published": True})

            captions = await student.get(f"/api/videos/{video}/captions.vtt")
            assert captions.text.startswith("WEBVTT")
            assert "earthquake" in captions.text
            address = (await student.get(f"/api/videos/{video}/media")).json()["url"]
            async with httpx.AsyncClient() as player:
                piece = await player.get(address, headers={"Range": "bytes=1000-1999"})
            assert piece.status_code == 206
            assert piece.content == SAMPLE.read_bytes()[1000:2000]

            found = (await student.get("/api/search", params={"q": "why does the ground shake"})).json()["items"]
            assert found[0]["video_id"] == video
            assert 20 < found[0]["start_second"] < 35  # "An earthquake is a sudden shaking of the ground, ..."
            answer = await _asked(student, "What is an earthquake?")
            assert "shaking of the ground" in answer["answer"]
            assert answer["citations"][0]["video_id"] == video
            assert answer["citations"][0]["quotation"] in answer["answer"]
            await _quizzed(creator, student, detail["quiz_ids"][0])
