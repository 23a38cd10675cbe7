"""Attempts are counted for what they were: failures, waits for our stores, deaths of workers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker

from adapters.temporal.attempts import MAX_DEATHS, MAX_FAILURES, AttemptsInterceptor
from schemas.errors import (
    DatabaseUnavailable,
    NotMedia,
    ProviderUnavailable,
    RateLimited,
    StepPoisoned,
    Superseded,
)

with workflow.unsafe.imports_passed_through():
    from tests.conftest import Servers

pytestmark = pytest.mark.servers


@workflow.defn
class OneStep:
    """Runs the step of the test, with this much between attempts and before a silent one is given up."""

    @workflow.run
    async def run(self, queue: str) -> str:
        done: str = await workflow.execute_activity(
            "step",
            task_queue=queue,
            result_type=str,
            start_to_close_timeout=timedelta(seconds=1),
            schedule_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10), backoff_coefficient=1),
        )
        return done


class Script:
    """A step that does what the script says, attempt by attempt, and then ends well."""

    def __init__(self, *moves: Exception | Callable[[], Awaitable[object]]) -> None:
        self._moves = list(moves)
        self.times: list[float] = []

    async def play(self) -> str:
        self.times.append(asyncio.get_running_loop().time())
        if len(self.times) <= len(self._moves):
            move = self._moves[len(self.times) - 1]
            if isinstance(move, Exception):
                raise move
            await move()
        return "done"


async def _never() -> None:
    """What a killed worker looks like from the server: no word until the time-out."""
    await asyncio.sleep(60)


class Stage:
    """A server, a worker that tells stories, and one that plays each story's own script."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts: dict[str, Script] = {}
        self.queue = f"attempts-{uuid4()}"

    @activity.defn(name="step")
    async def step(self) -> str:
        return await self._scripts[activity.info().workflow_id or ""].play()

    def steps(self) -> Worker:
        return Worker(
            self._client,
            task_queue=self.queue,
            activities=[self.step],
            interceptors=[AttemptsInterceptor()],
            graceful_shutdown_timeout=timedelta(milliseconds=50),
        )

    def stories(self) -> Worker:
        return Worker(self._client, task_queue=f"{self.queue}-stories", workflows=[OneStep])

    async def tell(self, script: Script) -> str:
        name = str(uuid4())
        self._scripts[name] = script
        return await self._client.execute_workflow(OneStep.run, self.queue, id=name, task_queue=f"{self.queue}-stories")

    async def fail(self, script: Script) -> ApplicationError:
        with pytest.raises(WorkflowFailureError) as failed:
            await self.tell(script)
        cause = failed.value.cause
        assert isinstance(cause, ActivityError)
        assert isinstance(cause.cause, ApplicationError)
        return cause.cause


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(servers: Servers) -> AsyncIterator[Stage]:
    made = Stage(await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter))
    async with made.steps(), made.stories():
        yield made


async def test_what_cannot_succeed_later_is_tried_once(stage: Stage) -> None:
    script = Script(NotMedia("it is a text"))
    failure = await stage.fail(script)
    assert (failure.type, failure.message, len(script.times)) == ("not_media", "it is a text", 1)


async def test_a_vendor_has_three_attempts(stage: Stage) -> None:
    script = Script(*[ProviderUnavailable("503") for _ in range(9)])
    failure = await stage.fail(script)
    assert (failure.type, len(script.times)) == ("provider_unavailable", MAX_FAILURES)
    assert failure.details == (MAX_FAILURES,)


async def test_a_bug_has_three_attempts_and_its_words_stay_inside(stage: Stage) -> None:
    script = Script(*[KeyError("secret") for _ in range(9)])
    failure = await stage.fail(script)
    assert (failure.type, len(script.times)) == ("error", MAX_FAILURES)
    assert "secret" not in failure.message


async def test_our_own_store_is_waited_out_however_often_it_is_away(stage: Stage) -> None:
    away = [DatabaseUnavailable("starting up") for _ in range(4)]
    script = Script(away[0], ProviderUnavailable("503"), away[1], ProviderUnavailable("503"), away[2], away[3])
    assert await stage.tell(script) == "done"
    assert len(script.times) == 7


async def test_a_step_that_killed_three_workers_is_poison(stage: Stage) -> None:
    script = Script(*[_never for _ in range(9)])
    assert (await stage.fail(script)).type == StepPoisoned.code
    assert len(script.times) == MAX_DEATHS


async def test_two_deaths_and_two_failures_are_neither_three_of_the_one_nor_of_the_other(stage: Stage) -> None:
    assert await stage.tell(Script(_never, ProviderUnavailable("503"), _never, ProviderUnavailable("503"))) == "done"


async def test_a_provider_is_asked_again_when_it_said(stage: Stage) -> None:
    script = Script(RateLimited("slow down", retry_after=1.5))
    assert await stage.tell(script) == "done"
    assert 1.4 < script.times[1] - script.times[0] < 5


async def test_a_superseded_step_ends_at_once(stage: Stage) -> None:
    script = Script(Superseded("epoch 1 is over"))
    assert (await stage.fail(script)).type == "superseded"
    assert len(script.times) == 1


async def test_a_draining_worker_hands_its_step_over_uncounted_however_often(servers: Servers) -> None:
    taken = asyncio.Semaphore(0)

    async def busy() -> None:
        taken.release()
        await asyncio.sleep(60)

    script = Script(*[busy for _ in range(MAX_DEATHS + 1)])
    own = Stage(await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter))
    async with own.stories():
        story = asyncio.create_task(own.tell(script))
        for _ in range(MAX_DEATHS + 1):
            worker = own.steps()
            running = asyncio.create_task(worker.run())
            await taken.acquire()
            await worker.shutdown()
            await running
        async with own.steps():
            assert await story == "done"
