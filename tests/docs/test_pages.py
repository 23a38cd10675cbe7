"""Links lead somewhere, tables are what the code says, and nothing tells of the machine it was written on."""

import re
from pathlib import Path

import pytest

from schemas.errors import error_classes
from scripts.error_table import error_table
from tests.docs.pages import ROOT, anchors, links, pages, tracked_files

# Built from pieces, so that this file does not hold what it looks for.
_FOREIGN = re.compile(
    "|".join(
        (
            r"(?<![\w.}])/(?:" + "ro" + r"ot|wo" + r"rk|ho" + r"me/\w+)/",
            "py" + r"pi\.org|python" + r"hosted\.org|regis" + r"try\.npmjs|--index" + "-url|PIP_" + "INDEX",
        )
    )
)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_nothing_names_a_folder_of_a_home_machine_or_a_package_index() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in _FOREIGN.finditer(text)]
    assert found == []


def test_the_table_of_errors_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.partition("<!-- errors -->\n")[2].partition("\n<!-- /errors -->")[0]
    assert table == error_table(), "paste what `python -m scripts.error_table` prints"


def test_every_error_with_a_code_has_a_row_and_a_status_of_its_own() -> None:
    own = {error for error in error_classes() if "code" in vars(error)}
    assert all(f"| `{error.code}` |" in error_table() for error in own)
    assert len({error.exit_status for error in own}) == len(own)
    assert not {error.exit_status for error in own} & {0, 2, 130}


def test_decisions_are_numbered_through_and_say_what_follows() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in found] == list(range(1, len(found) + 1))
    for path in found:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), path.name
