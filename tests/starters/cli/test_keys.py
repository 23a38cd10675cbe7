"""`mentora keys`, as an operator runs it against a real PostgreSQL."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.postgres.keys import KeyRing
from schemas.errors import NotFound, TooManyKeys, Unauthenticated
from schemas.ids import creator_id
from schemas.keys import InstallationRole
from tests.databases import FreshDatabase
from tests.starters.cli.commands import Finished, mentora

CREATOR = ("--creator", "me")


async def _keys(folder: Path, database: FreshDatabase, *arguments: str) -> Finished:
    return await mentora(folder, "keys", *arguments, MENTORA_POSTGRES_URL=database.app_url)


@pytest.mark.servers
async def test_a_key_is_made_shown_once_listed_and_ended(tmp_path: Path, database: FreshDatabase) -> None:
    made = await _keys(tmp_path, database, "create", "website", *CREATOR)
    key, told = made.out.splitlines()
    holder = await KeyRing(database.app).holder(key)
    assert holder.owner == creator_id("me")
    assert str(holder.key_id) in told
    listed = await _keys(tmp_path, database, "list", *CREATOR)
    assert f"{holder.key_id}  good " in listed.out
    assert "website" in listed.out
    assert key.rpartition("_")[2] not in listed.out
    assert (await _keys(tmp_path, database, "revoke", str(holder.key_id), *CREATOR)).out == "Revoked.\n"
    with pytest.raises(Unauthenticated):
        await KeyRing(database.app).holder(key)
    assert f"{holder.key_id}  revoked " in (await _keys(tmp_path, database, "list", *CREATOR)).out


@pytest.mark.servers
async def test_a_program_gets_objects(tmp_path: Path, database: FreshDatabase) -> None:
    owner = ("--installation", "platform")
    made = (await _keys(tmp_path, database, "create", "lms", *owner, "--days", "90", "--json")).json
    assert (await KeyRing(database.app).holder(made["key"])).owner is InstallationRole.PLATFORM
    listed = (await _keys(tmp_path, database, "list", *owner, "--json")).json["keys"]
    assert [(key["id"], key["state"]) for key in listed] == [(made["id"], "good")]
    assert listed[0]["expires_at"].startswith(made["expires_at"][:10])
    revoked = await _keys(tmp_path, database, "revoke", made["id"], *owner, "--json")
    assert revoked.json == {"id": made["id"], "state": "revoked"}
    nobody = await _keys(tmp_path, database, "revoke", str(uuid4()), *owner, "--json")
    assert (nobody.status, nobody.error["code"]) == (NotFound.exit_status, "not_found")


@pytest.mark.servers
async def test_the_third_key_of_a_name_is_refused(tmp_path: Path, database: FreshDatabase) -> None:
    owner = ("--installation", "operator")
    for _ in range(2):
        assert (await _keys(tmp_path, database, "create", "console", *owner)).status == 0
    third = await _keys(tmp_path, database, "create", "console", *owner)
    assert third.status == TooManyKeys.exit_status
    assert "two keys named 'console' are good already" in third.err


@pytest.mark.parametrize(
    "options",
    [(), ("--creator", "me", "--installation", "operator"), (*CREATOR, "--days", "0"), ("--installation", "x")],
)
async def test_an_owner_is_named_once(tmp_path: Path, options: tuple[str, ...]) -> None:
    end = await mentora(tmp_path, "keys", "create", "website", *options)
    assert end.status in (2, 93)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a\nb", "n" * 201])
async def test_a_name_is_printable(tmp_path: Path, name: str) -> None:
    assert (await mentora(tmp_path, "keys", "create", name, *CREATOR)).status == 93


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
async def test_the_help_of_a_command_teaches_with_an_example(tmp_path: Path, command: str) -> None:
    end = await mentora(tmp_path, "keys", command, "--help")
    assert f"Example: mentora keys {command}" in end.out
    for option in ("--json", "--home", "--creator", "--installation"):
        assert option in end.out
