"""Options and arguments that several commands about videos share."""

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from schemas.ids import creator_id

CreatorOption = Annotated[str, Parameter(name="--creator", help="Whose videos: any name; each sees only its own.")]
VideoArgument = Annotated[
    str, Parameter(help="The video's id, its first digits, or the file or address that was processed.")
]


def named_creator(named: str) -> UUID:
    """The creator whom a person names: by an id, or by any name."""
    try:
        return UUID(named)
    except ValueError:
        return creator_id(named)
