"""`mentora token`: a token for this machine's own gateway."""

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from adapters.embedded.home import Home
from adapters.tokens.development import DevelopmentTokens
from schemas.callers import Caller, Role
from schemas.errors import RequestInvalid
from schemas.ids import student_id
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import named_creator


async def token(
    *,
    creator: Annotated[str | None, Parameter(help="Whose videos: any name, or a creator's id.")] = None,
    student: Annotated[str | None, Parameter(help="Ask as this student of the creator: any name.")] = None,
    operator: Annotated[bool, Parameter(negative=(), help="Ask as who runs the installation.")] = False,
    hours: Annotated[float, Parameter(validator=Number(gt=0, lte=8_760), help="How long it is good.")] = 24,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Issue a token for the gateway that `mentora up` serves; a real installation takes no such token.

    Send it as `Authorization: Bearer TOKEN`.

    Example: `mentora token --creator me`, or `mentora token --creator me --student ada --json`.
    """
    caller = _caller(creator, student, operator=operator)
    settings = settings_for(home)
    issued = DevelopmentTokens(Home(settings.home_path).development_key).issue(
        caller, timedelta(hours=hours).total_seconds()
    )
    if json:
        say_json({"token": issued, "caller": caller.model_dump(mode="json"), "hours": hours})
    else:
        say(issued)


def _caller(creator: str | None, student: str | None, *, operator: bool) -> Caller:
    """Raises: RequestInvalid where the options do not name one caller."""
    if operator and student is None:
        owner = named_creator(creator) if creator else None
        return Caller(role=Role.OPERATOR, subject="development-operator", creator_id=owner)
    if creator is None or operator:
        raise RequestInvalid("say for whom: --creator NAME, --creator NAME --student NAME, or --operator")
    owner = named_creator(creator)
    if student is None:
        return Caller(role=Role.CREATOR, subject=f"development-{owner}", creator_id=owner)
    pupil = student_id(owner, student)
    return Caller(role=Role.STUDENT, subject=f"development-{pupil}", creator_id=owner, student_id=pupil)
