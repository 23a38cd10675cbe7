"""What the gateway counts: strangers cannot make it much, and nobody waits while it is written down."""

import asyncio
import re
import threading
import time
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from starters.api.scrapes import Scrapes
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

STRANGE = ("TRACE", "PROPFIND", "M-SEARCH")


async def _counted(gateway: Gateway) -> set[tuple[str, str]]:
    """The methods and the routes that there is a series for."""
    text = (await gateway.client.get("/metrics")).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    answers = [sample.labels for sample in samples if sample.name == "mentora_http_request_seconds_count"]
    return {(labels["method"], labels["route"].replace(":path}", "}")) for labels in answers}


async def test_whatever_strangers_ask_makes_no_series_beyond_the_contracts(gateway: Gateway) -> None:
    paths = (await gateway.client.get("/openapi.json")).json()["paths"]
    served = {(method.upper(), path) for path, known in paths.items() for method in known}
    methods = sorted({method for method, _ in served})
    before = await _counted(gateway)  # others have counted in this process, also what the contract does not name
    for path in [*paths, "/nowhere"]:
        asked = re.sub(r"{\w+}", lambda _: str(uuid4()), path)
        for method in (*methods, *STRANGE):
            await gateway.client.request(method, asked)
    others = {(method, "unknown") for method in (*methods, "other")}
    assert await _counted(gateway) - before - served - others == set()


async def test_those_who_ask_at_once_and_within_a_second_share_one_text_made_in_a_thread() -> None:
    made: list[threading.Thread] = []

    def render() -> bytes:
        made.append(threading.current_thread())
        time.sleep(0.05)
        return b"%d" % len(made)

    scrapes = Scrapes()
    assert set(await asyncio.gather(*(scrapes.text(render) for _ in range(8)))) == {b"1"}
    assert await scrapes.text(render) == b"1"
    assert threading.main_thread() not in made
    scrapes.shared_seconds = 0
    assert await scrapes.text(render) == b"2"


async def test_a_text_that_could_not_be_made_is_not_kept() -> None:
    def fail() -> bytes:
        raise ZeroDivisionError

    scrapes = Scrapes()
    with pytest.raises(ZeroDivisionError):
        await scrapes.text(fail)
    assert await scrapes.text(lambda: b"1") == b"1"


async def test_who_leaves_does_not_take_the_text_from_others() -> None:
    may_end = threading.Event()

    def render() -> bytes:
        may_end.wait(5)
        return b"1"

    scrapes = Scrapes()
    first, second = (asyncio.create_task(scrapes.text(render)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    may_end.set()
    assert await second == b"1"
