"""Times that somebody tells us."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and the last day of all, told from the other side of the earth
        raise ValueError("the time cannot be told in UTC") from None


Timestamp = Annotated[AwareDatetime, AfterValidator(_in_utc)]  # with a zone, kept as UTC
