"""The whole contract, by a fuzzer that others wrote: whatever comes in, every answer is as promised."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from schemas.limits import DEFAULT_LIMITS
from tests.callers import enrolled
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed

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


_HOOKS = """import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""
# What is deleted is another video than the one that everything else is asked of.
_KEEP = f"""[[operations]]
include-method = "DELETE"
include-path-regex = "^/api/videos/[^/]+$"
parameters = {{ "path.video_id" = "{uuid4()}" }}

"""


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _without_limits(gateway: Gateway) -> None:
    """A fuzzer asks more often than anybody may, and as an operator it changes what anybody may."""
    for name in DEFAULT_LIMITS:
        await gateway.limit(name, 1_000_000)


async def _fuzzed(
    gateway: Gateway, folder: Path, headers: Mapping[str, str], known: Mapping[str, object], *how: str
) -> None:
    """Run Schemathesis with these headers, over ids that exist."""
    config = folder / "schemathesis.toml"
    parameters = "\n".join(f'"path.{name}" = "{value}"' for name, value in known.items())
    (folder / "hooks.py").write_text(_HOOKS)
    config.write_text(f'hooks = "hooks.py"\n{_KEEP}[parameters]\n{parameters}\n')
    argv = [
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config)),
        *("run", f"{gateway.url}/openapi.json", "--checks", ",".join(CHECKS), "--seed", "1", "--no-shrink"),
        *("--request-timeout", "40", "--continue-on-failure", *how),
    ]
    for name, value in headers.items():
        argv += ["--header", f"{name}:{value}"]
    fuzzer = await asyncio.create_subprocess_exec(*argv, cwd=folder, stdout=asyncio.subprocess.PIPE)
    told, _ = await fuzzer.communicate()
    assert fuzzer.returncode == 0, told.decode()


async def _world(gateway: Gateway, database: FreshDatabase) -> list[tuple[dict[str, str], dict[str, object]]]:
    """Each role's headers, and ids of what it may see."""
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator)
    known: dict[str, object] = {"video_id": audio.video.video_id, "quiz_id": quiz.quiz_id}
    administered: dict[str, object] = {"name": "chat", "creator_id": creator, "policy": "video", "tag": "settings"}
    return [
        (gateway.creator(creator), known),
        (gateway.student(creator), known),
        (gateway.operator(), administered),
    ]


@pytest.mark.parametrize("role", ["creator", "student", "operator"])
async def test_a_few_requests_of_each_kind_are_answered_as_the_contract_says(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, role: str
) -> None:
    headers, known = (await _world(gateway, database))[["creator", "student", "operator"].index(role)]
    await _fuzzed(gateway, tmp_path, headers, known, "--phases", "examples,fuzzing", "--max-examples", "4")


@pytest.mark.fuzz
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("role", ["creator", "student", "operator"])
async def test_whatever_comes_in_every_answer_is_as_the_contract_says(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, role: str
) -> None:
    headers, known = (await _world(gateway, database))[["creator", "student", "operator"].index(role)]
    how = ("--phases", "examples,coverage,fuzzing", "--max-examples", "50")
    await _fuzzed(gateway, tmp_path, headers, known, *how)
