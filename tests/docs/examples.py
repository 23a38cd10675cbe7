"""The examples of docs/api.md: each command, and the answer that is shown below it."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs.pages import ROOT

_FENCE = re.compile(r"^```bash\n(.*?)^```$(?:\n\n^```(json|text)\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
_OF_ITS_OWN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|^id: \d+$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """`kind` is json, text, or empty where no answer is shown."""

    command: str
    kind: str
    answer: str


def examples(*sections: str) -> list[Example]:
    """Those of these sections, in the order of the page."""
    page = (ROOT / "docs" / "api.md").read_text()
    chosen = [text for text in re.split(r"^## ", page, flags=re.MULTILINE)[1:] if text.startswith(sections)]
    assert len(chosen) == len(sections), "the page lost a section"
    return [Example(*found) for text in chosen for found in _FENCE.findall(text)]


async def typed(command: str, folder: Path, **variables: object) -> str:
    """Run it as it stands; `variables` are what the page tells a reader to have."""
    environment = {"PATH": os.environ["PATH"]} | {name: str(value) for name, value in variables.items()}
    child = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", command, env=environment, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, (command, said)
    return said.decode()


def general(found: Any) -> Any:
    """Without what is another each time: ids, instants, numbers of changes, scores."""
    if isinstance(found, dict):
        return {key: "..." if key == "score" else general(value) for key, value in found.items()}
    if isinstance(found, list):
        return [general(value) for value in found]
    return _OF_ITS_OWN.sub("...", found) if isinstance(found, str) else found
