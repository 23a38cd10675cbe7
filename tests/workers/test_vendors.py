"""The whole way of a lecture with vendors behind every model, who misbehave: retried as told or failed by name,
and never a wrong row."""

import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.media.binaries import find_ffmpeg
from adapters.postgres.events import EventInbox
from adapters.postgres.outbox import Outbox
from adapters.postgres.transcripts import TranscriptReader
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.videos import VideoReader
from adapters.settings import Settings
from schemas.events import QuizRequested, SegmentEdit, TranscriptEdited, UploadCompleted, VideoDeleted
from schemas.ids import object_key, text_sha256
from schemas.videos import Video, VideoRef, VideoStatus
from tests.adapters.media.web_server import Behaviour as SiteBehaviour
from tests.adapters.media.web_server import Seen, WebServer, web_server
from tests.conftest import Servers
from tests.databases import FreshDatabase, fresh_database
from tests.providers import FakeProvider
from tests.providers.behaviours import BY_NAME, EMBEDDINGS, MESSAGES, TRANSCRIPTIONS, Behaviour, rate_limited
from tests.recordings import LECTURE
from workers.relay import carry_waiting
from workers.roles import POOLS
from workers.run import build_worker
from workers.wiring import Wiring

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@dataclass(frozen=True)
class World:
    """All pools in this process, and the vendors."""

    database: FreshDatabase
    client: Client
    wiring: Wiring
    vendors: FakeProvider
    site: WebServer
    lecture: Path

    async def process(self, url: str | None = None) -> Video:
        """A creator's first video, from the object store or from an address, to its end."""
        creator = uuid4()
        key = None if url else object_key(creator, text_sha256("lecture"), ".mp4")
        if key:
            await self.wiring.store.put(key, self.lecture)
        event = UploadCompleted(creator_id=creator, title="The land", object_key=key, url=url)
        accepted = await EventInbox(self.database.app).accept_upload("key", event)
        await self.carry()
        return await self.ended(accepted.video)

    async def carry(self) -> None:
        await carry_waiting(self.client, Outbox(self.database.relay))

    async def ended(self, ref: VideoRef) -> Video:
        async with asyncio.timeout(60):
            while True:
                video = await VideoReader(self.database.app).find(ref.creator_id, ref.video_id)
                if video.status.is_final:
                    return video
                await asyncio.sleep(0.05)

    async def told(self, workflow_id: str) -> None:
        """The story, carried and told to its end."""
        await self.carry()
        async with asyncio.timeout(60):
            await self.client.get_workflow_handle(workflow_id).result()

    async def rows(self, table: str, video: Video) -> int:
        count = await self.database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", video.creator_id)
        assert isinstance(count, int)
        return count

    def requests(self, path: str) -> int:
        return len([request for request in self.vendors.requests if request.path == path])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("vendors")
    lecture = folder / "lecture.mp4"
    ffmpeg = [str(find_ffmpeg()), "-nostdin", "-loglevel", "error", "-i", str(LECTURE), "-t", "40", "-c", "copy"]
    await asyncio.to_thread(subprocess.run, [*ffmpeg, str(lecture)], check=True)
    client = await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter)
    async with AsyncExitStack() as stack:
        vendors = await stack.enter_async_context(FakeProvider())
        site = await stack.enter_async_context(web_server(_breaking_off_once(lecture.read_bytes())))
        fresh = await stack.enter_async_context(fresh_database(servers.admin_url, servers.app_url, servers.relay_url))
        wiring = Wiring(_settings(folder / "home", fresh, vendors, site.authority))
        for role, pool in POOLS.items():
            await stack.enter_async_context(build_worker(role, pool, client, wiring))
        yield World(fresh, client, wiring, vendors, site, lecture)
        await wiring.database.close()


def _breaking_off_once(body: bytes) -> SiteBehaviour:
    """The file, of which the first request gets half before the connection is cut, and the next what it asks for."""
    served: list[int] = []

    async def serve(request: Seen, writer: asyncio.StreamWriter) -> None:
        served.append(1)
        start = int(request.headers["range"].removeprefix("bytes=").rstrip("-")) if "range" in request.headers else 0
        part = f"206 Partial Content\r\nContent-Range: bytes {start}-{len(body) - 1}/{len(body)}" if start else "200 OK"
        head = f'HTTP/1.1 {part}\r\nETag: "1"\r\nContent-Length: {len(body) - start}\r\nContent-Type: video/mp4\r\n\r\n'
        writer.write(head.encode() + (body[: len(body) // 2] if len(served) == 1 else body[start:]))

    return serve


def _settings(home: Path, database: FreshDatabase, vendors: FakeProvider, site: str) -> Settings:
    return Settings(
        home=home,
        postgres_url=database.app_url,
        speech_provider="openai",
        embedding_provider="openai",
        quiz_provider="anthropic",
        openai_api_key=SecretStr("key"),
        openai_base_url=vendors.openai_url,
        anthropic_api_key=SecretStr("key"),
        anthropic_base_url=vendors.anthropic_url,
        provider_timeout_seconds=5,
        download_allowed_hosts=(site,),
    )


@pytest.fixture(autouse=True)
def _forget(world: World) -> None:
    world.vendors.forget()


async def test_a_lecture_whose_vendors_behave_costs_one_call_each(world: World) -> None:
    video = await world.process()
    assert video.status is VideoStatus.COMPLETED, video
    assert await world.rows("questions", video) > 0
    assert await world.rows("embeddings", video) == await world.rows("chunks", video) > 0
    assert world.vendors.ledger.repeated_calls == 0
    unsettled = "SELECT count(*) FROM usage_ledger WHERE creator_id = $1 AND settled_at IS NULL"
    assert await world.database.scalar(unsettled, video.creator_id) == 0


async def test_a_lecture_at_an_address_is_fetched_resumed_and_completed(world: World) -> None:
    video = await world.process(url=f"http://{world.site.authority}/lecture.mp4")
    assert video.status is VideoStatus.COMPLETED, video
    assert [("range" in request.headers) for request in world.site.seen] == [False, True]
    sha256 = await world.database.scalar(
        "SELECT sha256 FROM artefacts WHERE creator_id = $1 AND kind = 'source'", video.creator_id
    )
    assert sha256 == hashlib.sha256(world.lecture.read_bytes()).hexdigest()


async def test_what_passes_is_retried_as_told_and_leaves_no_trace_in_the_rows(world: World) -> None:
    world.vendors.misbehave(rate_limited(1), BY_NAME["status_500"], on=TRANSCRIPTIONS)
    world.vendors.misbehave(BY_NAME["malformed_json"], BY_NAME["reordered_items"], on=EMBEDDINGS)
    world.vendors.misbehave(BY_NAME["status_529"], BY_NAME["truncated_body"], on=MESSAGES)
    video = await world.process()
    assert video.status is VideoStatus.COMPLETED, video
    parts = await world.rows("transcript_parts", video)
    assert world.requests(TRANSCRIPTIONS) == parts + 2
    assert world.requests(MESSAGES) == 3
    assert world.requests(EMBEDDINGS) == 2
    assert await world.rows("embeddings", video) == await world.rows("chunks", video) > 0
    assert await world.rows("quizzes", video) == 1


@pytest.mark.parametrize(
    ("path", "behaviour", "code", "calls", "unmade"),
    [
        (TRANSCRIPTIONS, BY_NAME["unauthorised"], "provider_refused", 1, "segments"),
        (TRANSCRIPTIONS, BY_NAME["connection_reset"], "provider_unavailable", 3, "segments"),
        (EMBEDDINGS, BY_NAME["wrong_dimension"], "provider_answer_invalid", 3, "embeddings"),
        (EMBEDDINGS, BY_NAME["fewer_items"], "provider_answer_invalid", 3, "embeddings"),
        (MESSAGES, BY_NAME["refusal"], "provider_declined", 1, "quizzes"),
    ],
    ids=lambda value: value.name if isinstance(value, Behaviour) else "",
)
async def test_what_does_not_pass_fails_by_name_and_nothing_of_it_is_kept(
    world: World, path: str, behaviour: Behaviour, code: str, calls: int, unmade: str
) -> None:
    world.vendors.misbehave(behaviour, on=path, times=9)
    video = await world.process()
    assert (video.status, video.failure_code) == (VideoStatus.FAILED, code)
    assert await world.rows(unmade, video) == 0
    assert await world.rows("dead_letters", video) == 1
    assert world.requests(path) == calls


# ---- Changes ---------------------------------------------------------------------------------------------------------


async def test_a_failed_lecture_that_is_retried_pays_for_no_part_twice(world: World) -> None:
    world.vendors.misbehave(BY_NAME["refusal"], on=MESSAGES)
    failed = await world.process()
    assert failed.status is VideoStatus.FAILED
    calls = {path: world.requests(path) for path in (TRANSCRIPTIONS, EMBEDDINGS)}
    assert calls[TRANSCRIPTIONS] == await world.rows("transcript_parts", failed)
    await VideoWriter(world.database.app).retry(failed.creator_id, failed.id)
    await world.carry()
    video = await world.ended(failed.ref)
    assert (video.status, video.epoch) == (VideoStatus.COMPLETED, 2)
    assert {path: world.requests(path) for path in calls} == calls
    assert await world.rows("quizzes", video) == 1


async def test_a_lecture_that_is_cancelled_in_a_part_stops_asking_and_can_be_retried(world: World) -> None:
    world.vendors.misbehave(BY_NAME["never_answers"], on=TRANSCRIPTIONS, times=9)
    processing = asyncio.create_task(world.process())
    while not world.requests(TRANSCRIPTIONS):
        await asyncio.sleep(0.02)
    rows = await world.database.rows("SELECT creator_id, id, workflow_id FROM videos ORDER BY created_at DESC LIMIT 1")
    creator, key, story = rows[0]
    await VideoWriter(world.database.app).cancel(creator, key)
    assert (await processing).status is VideoStatus.CANCELLED
    with pytest.raises(WorkflowFailureError):
        await world.told(story)
    assert await world.database.scalar("SELECT status FROM videos WHERE id = $1", key) == "cancelled"
    world.vendors.forget()
    state = await VideoWriter(world.database.app).retry(creator, key)
    await world.told(state.workflow_id)
    assert await world.database.scalar("SELECT status FROM videos WHERE id = $1", key) == "completed"


async def test_an_edit_is_embedded_and_found_and_a_new_quiz_rests_on_it(world: World) -> None:
    video = await world.process()
    chunks, calls = await world.rows("chunks", video), world.requests(EMBEDDINGS)
    inbox, text = EventInbox(world.database.app), "Zanzibar is an island of cloves."
    edit = SegmentEdit(number=0, text=text)
    event = TranscriptEdited(creator_id=video.creator_id, video_id=video.id, segments=(edit,))
    await world.told(str((await inbox.accept("edit", event)).answer.workflow_id))
    assert world.requests(EMBEDDINGS) == calls + 1
    found = "SELECT count(*) FROM chunks JOIN embeddings ON chunk_id = chunks.id WHERE text LIKE '%cloves%'"
    assert await world.database.scalar(found) == 1
    assert await world.rows("embeddings", video) == await world.rows("chunks", video) >= chunks - 1
    wish = QuizRequested(creator_id=video.creator_id, video_id=video.id, questions=3)
    asked = (await inbox.accept("quiz", wish)).answer
    await world.told(str(asked.workflow_id))
    assert await world.database.scalar("SELECT count(*) FROM questions WHERE quiz_id = $1", asked.quiz_id) == 3
    transcript = await TranscriptReader(world.database.app).newest(video.creator_id, video.id)
    assert transcript.segments[0].text == text


async def test_a_deleted_lecture_leaves_no_bytes_and_another_of_the_same_file_keeps_its_own(world: World) -> None:
    video, inbox = await world.process(), EventInbox(world.database.app)
    again = UploadCompleted(creator_id=video.creator_id, title="Again", object_key=video.source)
    other = await inbox.accept_upload("again", again)
    await world.carry()
    await world.ended(other.video)
    keys = await world.database.rows("SELECT object_key FROM artefacts WHERE video_id = $1", video.id)
    assert len(keys) == 2
    for video_id, left in ((video.id, 2), (other.video.video_id, 0)):
        event = VideoDeleted(creator_id=video.creator_id, video_id=video_id)
        await world.told(str((await inbox.accept(f"delete {video_id}", event)).answer.workflow_id))
        sizes = [await world.wiring.store.size(row["object_key"]) for row in keys]
        assert len([size for size in sizes if size is not None]) == left
