import json

import pytest

from adapters.parts import load_part
from schemas.errors import PartMissing


def test_an_installed_part_is_imported() -> None:
    assert load_part("json") is json


def test_a_missing_part_is_named_together_with_its_cure() -> None:
    with pytest.raises(PartMissing, match=r"'no_such_part' is not installed: `make setup`"):
        load_part("no_such_part.inside")
