"""The pages of the project, their fences and their links."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?:console|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def tracked_files() -> list[Path]:
    """What is in git, or would be if it were added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def pages() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def commands(page: Path) -> list[str]:
    """Every line that a reader is told to type."""
    return [line for block in _FENCE.findall(page.read_text()) for line in block.splitlines() if line.strip()]


def links(page: Path) -> list[str]:
    return _LINK.findall(_ANY_FENCE.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """The names that headings have on the web: lower case, blanks to hyphens, no punctuation."""
    headings = re.findall(r"^#+ (.*)$", _ANY_FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
