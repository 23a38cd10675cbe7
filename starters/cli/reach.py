"""How a command reaches what is stored: through what runs in the home, through real clusters, or on its own."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.embedded.home import Home
from adapters.embedded.postgres import Postgres
from adapters.embedded.stack import Stack
from adapters.embedded.state import HomeState, ProcessState
from adapters.embedded.temporal import NAMESPACE, last_ui_url
from adapters.postgres.pool import Database
from adapters.postgres.videos import VideoReader
from adapters.settings import Settings, names_temporal
from schemas.callers import Caller, Role
from schemas.errors import HomeInUse, NotRunning
from schemas.ids import creator_id
from schemas.videos import Video
from starters.cli.preparation import migration
from starters.results import TemporalUi
from starters.videos import find_video

_PATIENCE_SECONDS = 60.0  # for an `up` that is starting, or another command that is about to end
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Reach:
    """The database, and what runs beside it: `state` is None for real clusters and for what was started for us."""

    settings: Settings
    database: Database
    ui: TemporalUi
    state: HomeState | None = None
    is_own: bool = False  # started for this command; ends with it


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Reach]:
    """For a command that only reads. Where nothing runs, PostgreSQL alone is started for it, which takes half a second.

    Raises: NotRunning where nothing runs and nothing was ever processed; HomeInUse, ServerFailed, PartMissing.
    """
    home = Home(settings.home_path)

    def database_only() -> Stack:
        if not has_data(home):
            raise NotRunning(f"No `mentora up` runs in {home.path}, and nothing was processed there yet.")
        return Stack(settings, home, workers=(), only={Postgres.name})

    async with _reached(settings, home, database_only, is_remote=bool(settings.postgres_url)) as reach:
        yield reach


@asynccontextmanager
async def working(settings: Settings, on_change: Callable[[ProcessState], None]) -> AsyncIterator[Reach]:
    """For a command that has something processed. Where nothing runs, servers and workers are started for it.

    `on_change` hears of every process that is started so. Raises: HomeInUse, ServerFailed, PartMissing.
    """
    home = Home(settings.home_path)
    is_remote = bool(settings.postgres_url and names_temporal(os.environ))
    async with _reached(settings, home, lambda: Stack(settings, home, on_change=on_change), is_remote) as reach:
        yield reach


async def named_video(reach: Reach, creator: str, named: str) -> Video:
    """The video that a person names; see `find_video`. Raises: VideoNotFound, FileNotReadable, UrlRefused."""
    return await find_video(VideoReader(reach.database), creator_id(creator), named, reach.settings.max_video_bytes)


def owner(creator: str) -> Caller:
    """Whoever types here is the creator: the home is theirs."""
    return Caller(role=Role.CREATOR, subject=creator, creator_id=creator_id(creator))


def has_data(home: Home) -> bool:
    """Whether a database was ever made in the home."""
    return (home.data / "postgres" / "PG_VERSION").exists()


def running(home: Home) -> HomeState | None:
    """What `up`, or a `process` of its own, runs in the home and is ready; not what a reading command started."""
    try:
        state = home.read_state()
    except NotRunning:
        return None
    only_database = {process.name for process in state.processes} == {Postgres.name}
    is_brief = only_database and not names_temporal(os.environ)
    return state if state.ready and not is_brief else None


@asynccontextmanager
async def _reached(settings: Settings, home: Home, make: Callable[[], Stack], is_remote: bool) -> AsyncIterator[Reach]:
    found = None if is_remote else await _found_or_started(settings, home, make)
    own = found if isinstance(found, Stack) else None
    state = found if isinstance(found, HomeState) else None
    environment = found.environment if found is not None else {}
    try:
        at = _settings_at(settings, environment, home)
        database = Database(at.postgres_url, at.postgres_pool_size, at.postgres_statement_cache_size)
        try:
            yield Reach(at, database, _ui(at, environment), state, own is not None)
        finally:
            await database.close()
    finally:
        if own is not None:
            await _stop(own)


async def _found_or_started(settings: Settings, home: Home, make: Callable[[], Stack]) -> HomeState | Stack:
    """Whoever has the home is used if it is ready, and waited for if it is starting or about to end."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        if (state := running(home)) is not None:
            return state
        stack = make()
        try:
            await stack.start(migration(settings))
        except HomeInUse:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_LOOK_SECONDS)
        except BaseException:
            await _stop(stack)
            raise
        else:
            return stack


async def _stop(stack: Stack) -> None:
    """Wait until all of it has ended; who is cancelled meanwhile has no more patience, but leaves nothing behind."""
    stopping = asyncio.create_task(stack.stop())
    while not stopping.done():
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            stack.kill()
    stopping.result()


def _settings_at(settings: Settings, environment: Mapping[str, str], home: Home) -> Settings:
    """The settings with the addresses of what runs here, and of where its UI will be when it runs again."""
    told = {
        "postgres_url": environment.get("MENTORA_POSTGRES_URL"),
        "redis_cache_url": environment.get("MENTORA_REDIS_CACHE_URL"),
        "redis_limits_url": environment.get("MENTORA_REDIS_LIMITS_URL"),
        "temporal_ui_url": environment.get("MENTORA_TEMPORAL_UI_URL"),
    }
    update = {name: value for name, value in told.items() if value}
    if not settings.temporal_ui_url and not names_temporal(os.environ):
        update.setdefault("temporal_ui_url", last_ui_url(home))
    return settings.model_copy(update=update)


def _ui(settings: Settings, environment: Mapping[str, str]) -> TemporalUi:
    namespace = environment.get("TEMPORAL_NAMESPACE") or os.environ.get("TEMPORAL_NAMESPACE") or NAMESPACE
    return TemporalUi(settings.temporal_ui_url, namespace)
