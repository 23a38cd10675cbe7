"""An answer that was paid for is stored, however long the store is away."""

import pytest

from activities.keeping import kept
from schemas.errors import DatabaseUnavailable, Superseded


async def test_a_store_that_comes_back_takes_the_answer() -> None:
    tries: list[int] = []

    async def save() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseUnavailable("starting up")
        return "stored"

    assert await kept(save) == "stored"
    assert len(tries) == 3


async def test_what_does_not_pass_is_not_waited_for() -> None:
    async def save() -> None:
        raise Superseded("epoch 1 is over")

    with pytest.raises(Superseded):
        await kept(save)
