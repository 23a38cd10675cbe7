"""What an administrator does to a cluster: migrate it, and give the roles their passwords."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping

import asyncpg

from adapters.postgres.errors import translating
from adapters.postgres.migrations import migrate
from schemas.errors import DatabaseUnavailable, SettingsInvalid

LOGIN_ROLES = ("mentora_app", "mentora_relay")  # the migrations make them, without a password
_ITERATIONS = 4_096  # PostgreSQL's own scram_iterations
_SALT_BYTES = 16


async def administer(admin_url: str, passwords: Mapping[str, str]) -> list[str]:
    """Migrate and return the names applied now; then set the `passwords`, by role.

    Idempotent: an applied migration is passed over, and a password is set to what it is already.
    Raises: SettingsInvalid where the address is refused or a password cannot be one; DatabaseUnavailable.
    """
    verifiers = {role: verifier(password, os.urandom(_SALT_BYTES)) for role, password in passwords.items()}
    try:
        applied = await migrate(admin_url)
        await _set(admin_url, verifiers)
    except (asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError) as error:
        raise _refused(error) from None
    except DatabaseUnavailable as error:  # a worker waits for the password to be mended; an administrator is told
        if isinstance(error.__cause__, asyncpg.InvalidAuthorizationSpecificationError):
            raise _refused(error.__cause__) from None
        raise
    return applied


def _refused(error: Exception) -> SettingsInvalid:
    fact = f"the server refuses its user, password or database ({type(error).__name__})"
    return SettingsInvalid(f"MENTORA_POSTGRES_ADMIN_URL: {fact}")


def verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 7677), made here: its logs may show a statement, never the password.

    Raises: SettingsInvalid for what is empty or not printable ASCII, which clients would prepare differently.
    """
    if not (password and password.isascii() and password.isprintable()):
        raise SettingsInvalid("a role's password must be printable ASCII: `openssl rand -hex 24` makes one")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt_text}${stored_text}:{server_text}"


async def _set(admin_url: str, verifiers: Mapping[str, str]) -> None:
    with translating():
        connection = await asyncpg.connect(admin_url, timeout=10, statement_cache_size=0)
        try:
            for role, text in verifiers.items():
                # ALTER ROLE takes no parameters; the server itself does the quoting.
                statement = await connection.fetchval(
                    "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, text
                )
                await connection.execute(statement)
        finally:
            await connection.close()
