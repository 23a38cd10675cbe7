"""What a running home tells the others: other commands, the tests and the next `mentora up` after a crash."""

from enum import StrEnum
from signal import Signals

from pydantic import Field

from schemas.base import Frozen


class ProcessPhase(StrEnum):
    """Where a child is in its life."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"  # it died; it is started again after a pause
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"  # it never came up; it is not started again


class ProcessState(Frozen):
    """One child. `pid` is 0 and `born` empty while none runs."""

    name: str
    phase: ProcessPhase
    pid: int = 0
    born: str = ""
    restarts: int = 0
    stop_signal: str = "SIGTERM"

    @property
    def signal_to_stop(self) -> Signals:
        return Signals[self.stop_signal]


class HomeState(Frozen):
    """`run/state.json`: the supervisor, the addresses its servers answer at, and its children."""

    pid: int
    born: str
    ready: bool = False
    environment: dict[str, str] = Field(default_factory=dict)
    temporal_ui_url: str = ""
    processes: tuple[ProcessState, ...] = ()
