"""The administrator's work: passwords that PostgreSQL takes as they are, and refusals in our own words."""

import base64
import hmac

import pytest

from adapters.postgres.administration import LOGIN_ROLES, administer, verifier
from schemas.errors import SettingsInvalid
from tests.conftest import Servers
from tests.databases import FreshDatabase, renamed


def test_a_verifier_is_that_of_the_standards_own_example() -> None:
    """RFC 7677, section 3: the server's signature follows from the key that is stored."""
    salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    said = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    kept = verifier("pencil", base64.b64decode(salt))
    server_key = base64.b64decode(kept.rpartition(":")[2])
    signature = base64.b64encode(hmac.digest(server_key, said.encode(), "sha256")).decode()
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("password", ["", "schlüssel", "a\nb"])
def test_a_password_that_clients_would_read_differently_is_refused(password: str) -> None:
    with pytest.raises(SettingsInvalid, match="printable ASCII"):
        verifier(password, b"salt")


@pytest.mark.servers
async def test_the_server_keeps_the_verifier_and_never_sees_the_password(database: FreshDatabase) -> None:
    try:
        assert await administer(database.admin_url, dict.fromkeys(LOGIN_ROLES, "it's %I")) == []
        for role in LOGIN_ROLES:
            kept = await database.scalar("SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
            assert isinstance(kept, str)
            # What the server does not know for a verifier it hashes anew, with a salt of its own.
            assert kept == verifier("it's %I", base64.b64decode(kept.split(":")[1].split("$")[0]))
    finally:
        await database.execute("".join(f"ALTER ROLE {role} PASSWORD NULL;" for role in LOGIN_ROLES))


@pytest.mark.servers
async def test_an_address_that_the_server_refuses_is_an_invalid_setting(servers: Servers) -> None:
    for address in (renamed(servers.admin_url, "nowhere"), servers.admin_url.replace("postgres@", "nobody@")):
        with pytest.raises(SettingsInvalid, match="MENTORA_POSTGRES_ADMIN_URL"):
            await administer(address, {})


@pytest.mark.servers
async def test_who_may_not_create_roles_cannot_migrate(servers: Servers, database: FreshDatabase) -> None:
    with pytest.raises(SettingsInvalid, match="InsufficientPrivilege"):
        await administer(database.app_url, {})
