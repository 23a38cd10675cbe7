"""Lines of a change log, for tests of who reads them."""

from datetime import UTC, datetime, timedelta

from schemas.videos import Stage, VideoChange

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def status(number: int, word: str) -> VideoChange:
    return VideoChange(number=number, kind="status", data={"status": word}, at=BEGIN)


def stage(number: int, name: Stage, state: str, done: float, total: float, unit: str, second: float = 0) -> VideoChange:
    data: dict[str, object] = {"stage": str(name), "state": state, "done": done, "total": total, "unit": unit}
    return VideoChange(number=number, kind="stage", data=data, at=BEGIN + timedelta(seconds=second))
