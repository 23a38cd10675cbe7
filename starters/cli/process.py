"""`mentora process`: from lectures to captions, search and quizzes, watched until it is done."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

from cyclopts import Parameter

from adapters.embedded.home import Home
from adapters.settings import Settings
from schemas.errors import EventInvalid, error_class
from schemas.ids import creator_id
from schemas.words import plain_text
from starters.cli.console import HomeOption, JsonOption, complain, say, say_json, settings_for
from starters.cli.options import CreatorOption
from starters.cli.process_page import Outcome, options_of, result_lines
from starters.cli.process_report import Report, SilentReport, TextReport
from starters.cli.processing import Batch, Item
from starters.cli.reach import has_data, reading, running, working
from starters.cli.view import View

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED_STATUS = 130


async def process(
    videos: Annotated[list[str], Parameter(help="Files and https addresses.")],
    /,
    *,
    title: Annotated[str | None, Parameter(help="The lecture's title, instead of the file's name.")] = None,
    course: Annotated[str | None, Parameter(help="The course that the lectures belong to.")] = None,
    creator: CreatorOption = "me",
    json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Turn lectures into captions, search and a quiz, and watch how it goes.

    What `mentora up` runs is used; where nothing runs, servers and workers are started for as long as it takes.
    A file that was processed before is answered at once, whatever its name. Ctrl-C loses nothing: the next
    `mentora up`, or the same `mentora process`, goes on.

    Ends with the status of the error where a lecture cannot be processed; of several, with the highest.

    Example: `mentora process lecture.mp4`, or `mentora process week1/*.mp4 --course Geology --json`.
    """
    if title is not None and len(videos) > 1:
        raise EventInvalid("--title is for one lecture, and there are several")
    settings = settings_for(home)
    items = [Item(named, View(plain_text(Path(named).name) or named)) for named in videos]
    report = _report([item.view for item in items], as_json=json)
    batch = Batch(settings, creator_id(creator), items, report, title, course)
    page = _Page(options_of(settings.home_path, creator), as_json=json)
    return await _watch(batch, settings, report, page)


async def _watch(batch: Batch, settings: Settings, report: Report, page: "_Page") -> int:
    """Run it with whoever is to see it; returns the exit status."""
    was_running = running(Home(settings.home_path)) is not None
    _cancel_on_signals()
    try:
        report.begin()
        await _run(batch, settings, report, page)
    except asyncio.CancelledError:
        report.end()
        _leave(page.interrupted(was_running=was_running))
    finally:
        report.end()
    return max(_status(outcome) for outcome in batch.outcomes)


async def _run(batch: Batch, settings: Settings, report: Report, page: "_Page") -> None:
    """Read the files, answer what is known, and have the rest processed."""
    await batch.read()
    home = Home(settings.home_path)
    if batch.waiting and not settings.postgres_url and has_data(home) and running(home) is None:
        async with reading(settings) as reach:
            await batch.answer_known(reach)
    if not batch.waiting:
        report.end()
        page.show(batch.outcomes, is_own=True)
        return
    async with working(settings, report.process_changed) as reach:
        await batch.process(reach)
        report.end()
        page.show(batch.outcomes, is_own=reach.is_own)
        if reach.is_own:
            report.stopping()


class _Page:
    """How it all ends: pages and complaints for a person, one document for a program."""

    def __init__(self, options: str, *, as_json: bool) -> None:
        self._options = options
        self._as_json = as_json

    def show(self, outcomes: Sequence[Outcome], *, is_own: bool) -> None:
        """`is_own`: the servers end with this command."""
        if self._as_json:
            documents = [outcome.document() for outcome in outcomes]
            say_json(documents[0] if len(documents) == 1 else {"videos": documents})
        for outcome in outcomes:
            if outcome.error is not None:
                name = "" if len(outcomes) == 1 else f"{outcome.source}: "
                error = outcome.error
                complain(f"{name}{error.message}", error.cure, error.code, as_json=self._as_json)
            elif not self._as_json:
                self._show(outcome, is_own=is_own)

    def interrupted(self, *, was_running: bool) -> int:
        """Returns the exit status of who was interrupted."""
        fact = "Interrupted. What is stored is kept."
        cure = "`mentora up`, or the same `mentora process`, goes on from there."
        if was_running:
            fact, cure = "No longer watching.", "`mentora up` goes on with it; `mentora status` shows how far it is."
        complain(fact, cure, "interrupted", as_json=self._as_json)
        return _INTERRUPTED_STATUS

    def _show(self, outcome: Outcome, *, is_own: bool) -> None:
        say()
        for line in result_lines(outcome, self._options, is_own=is_own):
            say(line)


def _status(outcome: Outcome) -> int:
    return error_class(outcome.error.code).exit_status if outcome.error is not None else 0


def _cancel_on_signals() -> None:
    """The first ends the work, a second does not wait for the servers' own end: see `reach`."""
    work = asyncio.current_task()
    assert work is not None
    for number in _STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)


def _leave(status: int) -> NoReturn:
    """At once: a thread that copies a large file into the store cannot be cancelled, and would be waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _report(views: Sequence[View], *, as_json: bool) -> Report:
    if as_json:
        return SilentReport()
    if not sys.stdout.isatty():
        return TextReport(views)
    from starters.cli.process_live import LiveReport  # noqa: PLC0415  0.1 s that only a terminal needs

    return LiveReport(views)
