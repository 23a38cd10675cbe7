"""`mentora search`: the moments at which something is said."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from adapters.models import open_embedder
from schemas.errors import EventInvalid
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import CreatorOption
from starters.cli.pages import timed_line
from starters.cli.reach import owner, reading
from starters.search import Moment, Sought, find_moments

_SHORT_ID = 8


async def search(
    words: Annotated[str, Parameter(help="What you look for, in your own words.")],
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=100), help="How many moments at most.")] = 5,
    creator: CreatorOption = "me",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Find the moments at which something is said, by meaning and by words, in all lectures, best first.

    Each line has the score (1 is the same meaning), the time to jump to, and the sentence spoken there.

    Example: `mentora search "why do earthquakes happen"`, or `mentora search "the moon" --limit 1 --json`.
    """
    if not words.strip():
        raise EventInvalid("the search is empty")
    async with reading(settings_for(home)) as reach:
        embedder = open_embedder(reach.settings)
        moments = await find_moments(reach.database, embedder, owner(creator), Sought(words, limit))
    if json:
        hits = [moment.model_dump(mode="json") for moment in moments]
        say_json({"query": words, "model": embedder.model, "hits": hits})
    elif not moments:
        say("Nothing found: no lecture has been made searchable yet.")
    else:
        _say(moments)


def _say(moments: Sequence[Moment]) -> None:
    """Titles once, where all is from one lecture."""
    titles = {moment.video_id: f"{moment.title} ({str(moment.video_id)[:_SHORT_ID]})" for moment in moments}
    if len(titles) == 1:
        say(next(iter(titles.values())))
    for moment in moments:
        where = "" if len(titles) == 1 else f"  ({titles[moment.video_id]})"
        say(f"{moment.score:5.2f}{timed_line(moment.start_second, moment.sentence)}{where}")
