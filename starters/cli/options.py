"""Options and arguments that several commands about videos share."""

from typing import Annotated

from cyclopts import Parameter

CreatorOption = Annotated[str, Parameter(name="--creator", help="Whose videos: any name; each sees only its own.")]
VideoArgument = Annotated[
    str, Parameter(help="The video's id, its first digits, or the file or address that was processed.")
]
