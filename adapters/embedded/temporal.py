"""An embedded Temporal: a real server with its UI, on a file, in this home."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType

from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.ports import Ports
from adapters.embedded.programs import temporal_program

NAMESPACE = "default"
_HOST = "127.0.0.1"
_RETENTION = timedelta(days=30)  # the server's own is one day: too short to look into what failed last week
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",  # an accepted start survives a power cut
}
_FLAGS = {
    # One history shard reads each of its queues 20 times a second by default: a step would take 50 ms.
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "history.visibilityProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxTimeShift": '"10ms"',  # by default a timer below a second takes a second
    # Four partitions by default, each with an order of its own: priorities came out inverted in 8 % of pairs.
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "matching.enableFairness": "true",
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}


class Temporal:
    """One server with the namespace `default`."""

    name = "temporal"

    def __init__(
        self, home: Home, environment: Mapping[str, str], ports: Ports, flags: Mapping[str, str] | None = None
    ) -> None:
        """`flags` are added to the server's dynamic configuration; each value is JSON."""
        self._home = home
        self._inherited = environment
        self._flags = _FLAGS | dict(flags or {})
        self._sdk: asyncio.Task[ModuleType] | None = None
        self._port = ports.claim("temporal", 7233)
        self._http_port = ports.claim("temporal-http", 7234)
        self._ui_port = ports.claim("temporal-ui", 8233)
        self._metrics_port = ports.claim("temporal-metrics", 9233)

    @property
    def environment(self) -> dict[str, str]:
        """Temporal's own variables, for its tools too."""
        return {
            "TEMPORAL_ADDRESS": f"{_HOST}:{self._port}",
            "TEMPORAL_NAMESPACE": NAMESPACE,
            # Else the user's own profile would add its key or certificate, meant for another server.
            "TEMPORAL_CONFIG_FILE": str(self._config_file),
            "MENTORA_TEMPORAL_UI_URL": self.ui_url,
        }

    @property
    def ui_url(self) -> str:
        return f"http://{_HOST}:{self._ui_port}"

    async def plan(self) -> ChildPlan:
        """Raises PartMissing."""
        program = temporal_program(self._inherited)
        data = self._home.data / "temporal" / "temporal.db"
        data.parent.mkdir(mode=0o700, exist_ok=True)
        # `ensure` needs the SDK, whose import takes as long as the server's start: both at once.
        self._sdk = asyncio.create_task(asyncio.to_thread(import_module, "adapters.embedded.namespace"))
        attributes = {} if data.exists() else await self._attributes()
        self._config_file.write_text(
            f'[profile.default]\naddress = "{_HOST}:{self._port}"\nnamespace = "{NAMESPACE}"\n'
        )
        return ChildPlan(
            name=self.name,
            argv=(
                *(str(program), "server", "start-dev", "--ip", _HOST),
                *("--port", str(self._port), "--http-port", str(self._http_port)),
                *("--ui-port", str(self._ui_port), "--ui-disable-news-fetch"),
                *("--metrics-port", str(self._metrics_port), "--log-level", "warn"),
                *("--db-filename", str(data)),
                *_repeated("--sqlite-pragma", _PRAGMAS),
                *_repeated("--search-attribute", attributes),
                *_repeated("--dynamic-config-value", self._flags),
            ),
            # Its own variables would make the program read a profile of the user's.
            environment={k: v for k, v in self._inherited.items() if not k.startswith("TEMPORAL_")},
            probe=self._is_ready,
            stop_seconds=3,
            passing_complaints=("address already in use",),
        )

    async def ensure(self) -> None:
        """Register what an older data file lacks, and keep closed workflows long enough."""
        await self._loaded()
        from adapters.embedded.namespace import ensure_namespace  # noqa: PLC0415  see `plan`

        await ensure_namespace(f"{_HOST}:{self._port}", NAMESPACE, _RETENTION)

    async def _attributes(self) -> dict[str, str]:
        """For a new data file, to which the server adds them faster than it would later."""
        await self._loaded()
        from adapters.embedded.namespace import attribute_types  # noqa: PLC0415  see `plan`

        return attribute_types()

    async def _loaded(self) -> None:
        if self._sdk is not None:
            await self._sdk

    @property
    def _config_file(self) -> Path:
        return self._home.run / "temporal.toml"

    async def _is_ready(self, _pid: int) -> bool:
        """Asked over HTTP: the gRPC port opens while the frontend still answers that it is not healthy yet."""
        try:
            reader, writer = await asyncio.open_connection(_HOST, self._http_port)
        except OSError:
            return False
        try:
            writer.write(f"GET /api/v1/namespaces/{NAMESPACE} HTTP/1.0\r\nHost: {_HOST}\r\n\r\n".encode())
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()


def last_ui_url(home: Home) -> str:
    """Where this home's UI last answered, and will again; empty if it never did."""
    port = Ports(home).last("temporal-ui")
    return f"http://{_HOST}:{port}" if port else ""


def _repeated(option: str, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part for key, value in values.items() for part in (option, f"{key}={value}"))
