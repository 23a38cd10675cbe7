"""The whole contract, by a fuzzer that others wrote: whatever comes in, every answer is as promised."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from schemas.limits import DEFAULT_LIMITS
from tests.starters.api.gateway import Gateway

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


async def _fuzzed(gateway: Gateway, folder: Path, headers: Mapping[str, str], known: Mapping[str, object]) -> None:
    """Run Schemathesis as `headers`, half of the time over ids that exist."""
    config = folder / "schemathesis.toml"
    parameters = "\n".join(f'"path.{name}" = "{value}"' for name, value in known.items())
    config.write_text(f"[parameters]\n{parameters}\n")
    argv = [
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config)),
        *("run", f"{gateway.url}/openapi.json", "--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1", "--workers", "4"),
        *("--request-timeout", "40", "--no-shrink", "--continue-on-failure"),
    ]
    for name, value in headers.items():
        argv += ["--header", f"{name}:{value}"]
    fuzzer = await asyncio.create_subprocess_exec(*argv, cwd=folder, stdout=asyncio.subprocess.PIPE)
    told, _ = await fuzzer.communicate()
    assert fuzzer.returncode == 0, told.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def _without_limits(gateway: Gateway) -> None:
    """A fuzzer asks more often than anybody may."""
    for name in DEFAULT_LIMITS:
        await gateway.limit(name, 1_000_000)


async def test_a_creator_gets_what_the_contract_says(gateway: Gateway, tmp_path: Path) -> None:
    await _fuzzed(gateway, tmp_path, gateway.creator(uuid4()), {})


async def test_an_operator_gets_what_the_contract_says(gateway: Gateway, tmp_path: Path) -> None:
    await _fuzzed(gateway, tmp_path, gateway.operator(), {"name": "chat"})
