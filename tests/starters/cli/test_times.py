"""Times as a person reads them."""

import pytest

from starters.cli.times import clock, lasting


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (-1, "0:00"),
        (7.99, "0:07"),
        (75, "1:15"),
        (3_599.9, "59:59"),
        (3_723, "1:02:03"),
        (36_000, "10:00:00"),
    ],
)
def test_a_place_in_a_lecture_is_shown_as_a_player_shows_it(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-0.1, "0.0 s"),
        (0.34, "0.3 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7_325, "2 h 02 min"),
    ],
)
def test_a_duration_has_the_unit_that_its_length_needs(seconds: float, shown: str) -> None:
    assert lasting(seconds) == shown
