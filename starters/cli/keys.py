"""`mentora keys`: the keys that servers show to the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter
from cyclopts.validators import Number

from adapters.postgres.keys import ServiceKeys
from schemas.errors import RequestInvalid
from schemas.keys import InstallationRole, KeyOwner, ServiceKey
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import named_creator
from starters.cli.reach import reading

CreatorOption = Annotated[str | None, Parameter(name="--creator", help="Of this creator: any name, or its id.")]
InstallationOption = Annotated[
    InstallationRole | None,
    Parameter(
        name="--installation",
        help="Of the installation: `platform` acts for any creator that it names, `operator` runs it.",
    ),
]

keys = App(name="keys", help="Make, list and revoke the keys that servers show to the gateway.")


@keys.command
async def create(
    name: Annotated[str, Parameter(help="What it is for; two of one name are good at once, to replace one by one.")],
    *,
    creator: CreatorOption = None,
    installation: InstallationOption = None,
    days: Annotated[float | None, Parameter(validator=Number(gt=0, lte=36_500), help="Until it expires.")] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a key and show it, this once: only its digest is stored.

    Send it as `Authorization: Bearer KEY`.

    Example: `mentora keys create website --creator me`, or `mentora keys create lms --installation platform --days 90`.
    """
    owner = _owner(creator, installation)
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise RequestInvalid("a key's name has 1 to 200 printable characters")
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    async with reading(settings_for(home)) as reach:
        made = await ServiceKeys(reach.database).create(owner, name, expires_at)
    if json:
        say_json({"key": str(made), "id": made.key_id, "name": name, "owner": str(owner), "expires_at": expires_at})
    else:
        say(str(made))
        say(f"Keep it now, it is not shown again. To end it: mentora keys revoke {made.key_id} {_option(owner)}")


@keys.command(name="list")
async def list_(
    *,
    creator: CreatorOption = None,
    installation: InstallationOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List an owner's keys, the newest first, without their secrets.

    Example: `mentora keys list --creator me`, or `mentora keys list --installation platform --json`.
    """
    owner = _owner(creator, installation)
    async with reading(settings_for(home)) as reach:
        found = await ServiceKeys(reach.database).list(owner)
    now = datetime.now(UTC)
    if json:
        say_json({"keys": [key.model_dump(mode="json") | {"state": key.state(now)} for key in found]})
    elif not found:
        say("No keys.")
    else:
        for key in found:
            say(_line(key, now))


@keys.command
async def revoke(
    key_id: Annotated[UUID, Parameter(help="The key's id, as `mentora keys list` shows it.")],
    *,
    creator: CreatorOption = None,
    installation: InstallationOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """End a key, for good. A gateway that has just seen it takes it for one second more.

    Example: `mentora keys revoke 5f0c2c1e-6f0d-4f57-9a43-0c5a3d3f7f11 --creator me`.
    """
    owner = _owner(creator, installation)
    async with reading(settings_for(home)) as reach:
        await ServiceKeys(reach.database).revoke(owner, key_id)
    if json:
        say_json({"id": key_id, "state": "revoked"})
    else:
        say("Revoked.")


def _owner(creator: str | None, installation: InstallationRole | None) -> KeyOwner:
    """Raises: RequestInvalid where the options do not name one owner."""
    if installation is not None and creator is None:
        return installation
    if creator is None or installation is not None:
        raise RequestInvalid("say whose: --creator NAME, or --installation platform|operator")
    return named_creator(creator)


def _option(owner: KeyOwner) -> str:
    return f"--installation {owner}" if isinstance(owner, InstallationRole) else f"--creator {owner}"


def _line(key: ServiceKey, now: datetime) -> str:
    end = f", until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else ""
    return f"{key.id}  {key.state(now):<8}  {key.name} (made {key.created_at:%Y-%m-%d %H:%M}{end})"
