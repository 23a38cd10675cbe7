"""Bring a real PostgreSQL to this version, by MENTORA_POSTGRES_ADMIN_URL. `mentora up` does it for what it starts.

python -m starters.migrate
python -m starters.migrate --passwords
"""

import argparse
import asyncio
import sys
from urllib.parse import unquote, urlsplit

from adapters.postgres.administration import LOGIN_ROLES, administer
from adapters.settings import Settings, load_settings
from schemas.errors import MentoraError, SettingsInvalid


def passwords(settings: Settings) -> dict[str, str]:
    """The password of each role, out of the addresses that the workers are given. Raises: SettingsInvalid."""
    addresses = {
        "MENTORA_POSTGRES_URL": settings.postgres_url,
        "MENTORA_POSTGRES_RELAY_URL": settings.postgres_relay_url,
    }
    found = {}
    for (name, address), role in zip(addresses.items(), LOGIN_ROLES, strict=True):
        url = urlsplit(address)
        if url.username != role or not url.password:
            raise SettingsInvalid(f"{name}: write postgresql://{role}:PASSWORD@host/database")
        found[role] = unquote(url.password)
    return found


async def _run(settings: Settings, *, with_passwords: bool) -> list[str]:
    """Return what to say. Raises: SettingsInvalid, DatabaseUnavailable."""
    if not settings.postgres_admin_url:
        raise SettingsInvalid("MENTORA_POSTGRES_ADMIN_URL is not set: give the address of who may create roles")
    given = passwords(settings) if with_passwords else {}
    applied = await administer(settings.postgres_admin_url, given)
    said = [f"applied {name}" for name in applied] or ["nothing to apply"]
    return [*said, *(f"password set for {role}" for role in given)]


def main() -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m starters.migrate", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--passwords",
        action="store_true",
        help="then give the roles the passwords in MENTORA_POSTGRES_URL and MENTORA_POSTGRES_RELAY_URL",
    )
    arguments = parser.parse_args()
    try:
        lines = asyncio.run(_run(load_settings(), with_passwords=arguments.passwords))
    except MentoraError as error:
        print(f"{error}\n{error.cure}", file=sys.stderr)  # noqa: T201 - a program's output
        return error.exit_status
    print("\n".join(lines))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
