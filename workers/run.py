"""One worker process, from its start to its last finished step."""

import asyncio
import logging
import os
import signal
import socket
import threading
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from adapters.readiness import say_ready
from adapters.settings import Settings
from adapters.temporal.attempts import AttemptsInterceptor
from adapters.temporal.client import connect_temporal
from schemas.errors import MentoraError
from schemas.worker_roles import WorkerRole
from workers.relay import relay
from workers.roles import POOLS, Pool
from workers.wiring import Wiring
from workflows.registry import WORKFLOWS

GRACE = timedelta(seconds=5)  # then a running step is handed over; `mentora up` must be gone within ten
PATIENCE_SECONDS = 3_600.0

_LOGGER = logging.getLogger(__name__)


async def run(role: WorkerRole, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish or hand over what is in hand."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    wiring = Wiring(settings)
    client = await _connected(stopping)
    if client is None:
        return
    if role is WorkerRole.RELAY:
        say_ready()
        await relay(client, wiring.outbox, stopping)
    else:
        await _poll(role, client, wiring, stopping)


async def _connected(stopping: asyncio.Event) -> Client | None:
    """The client, however long its server takes to come; None where this process is told to end before."""
    connecting = asyncio.create_task(connect_temporal(patience_seconds=PATIENCE_SECONDS))
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({connecting, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if connecting.done():
        return connecting.result()
    connecting.cancel()
    return None


async def _poll(role: WorkerRole, client: Client, wiring: Wiring, stopping: asyncio.Event) -> None:
    pool = POOLS[role]
    async with build_worker(role, pool, client, wiring):
        say_ready()
        # A daemon: to load a model takes seconds and cannot be interrupted, and nobody must wait for it at the end.
        threading.Thread(target=_warm_up, args=(pool, wiring), daemon=True).start()
        await stopping.wait()


def build_worker(role: WorkerRole, pool: Pool, client: Client, wiring: Wiring) -> Worker:
    """The role's worker on its own queue, not running yet."""
    identity = f"{role}@{socket.gethostname()}:{os.getpid()}"
    if pool.tells_stories:
        return Worker(
            client,
            task_queue=str(role),
            workflows=WORKFLOWS,
            workflow_runner=SandboxedWorkflowRunner(SandboxRestrictions.default),
            max_cached_workflows=500,
            # A killed worker's cached workflows wait this long for it: measured as a stall of 10 s with the default.
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
            no_remote_activities=True,
            identity=identity,
        )
    return Worker(
        client,
        task_queue=str(role),
        activities=pool.steps(wiring),
        max_concurrent_activities=pool.slots,
        interceptors=[AttemptsInterceptor()],
        graceful_shutdown_timeout=GRACE,
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        default_heartbeat_throttle_interval=timedelta(seconds=1),
        identity=identity,
    )


def _warm_up(pool: Pool, wiring: Wiring) -> None:
    # Politely: at the start of `mentora up` the other workers need the cores first. On Linux niceness is a thread's
    # own; a model's threads keep their loader's, so that decoding gives way to Temporal, PostgreSQL and the user.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), pool.niceness)
    try:
        pool.warm_up(wiring)
    except MentoraError as error:
        _LOGGER.warning("the model is not loaded ahead: %s", error)  # the first step says it again
