"""Replay: hold this version's stories against the histories of real runs, before a worker tells them.

python -m starters.replay check tests/replay/histories
python -m starters.replay record WORKFLOW_ID tests/replay/histories/NAME.json
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from adapters.temporal.client import connect_temporal
from schemas.errors import MentoraError
from workflows.registry import WORKFLOWS


async def replay(files: Sequence[Path]) -> dict[str, Exception]:
    """Replay each history; return, by file name, why a story of this version would not have gone that way."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)
    failures: dict[str, Exception] = {}
    for file in files:
        history = WorkflowHistory.from_json(file.stem, file.read_text())
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        if result.replay_failure is not None:
            failures[file.name] = result.replay_failure
    return failures


async def recorded(workflow_id: str) -> str:
    """Return the history of one workflow as JSON, without the names of the machine that told it.

    Raises: TemporalUnavailable.
    """
    client = await connect_temporal()
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    anonymous = _without_machine(json.loads(history.to_json()))
    return json.dumps(anonymous, indent=1, sort_keys=True) + "\n"


def _without_machine(node: Any) -> Any:
    """`identity` names a worker's host and process, `stackTrace` its folders; neither matters to a replay."""
    if isinstance(node, dict):
        kept = {key: _without_machine(value) for key, value in node.items() if key != "stackTrace"}
        return kept | {key: "worker" for key in kept if key == "identity"}
    return [_without_machine(item) for item in node] if isinstance(node, list) else node


def _record(arguments: argparse.Namespace) -> int:
    arguments.file.write_text(asyncio.run(recorded(arguments.workflow_id)))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    files = sorted(arguments.folder.glob("*.json"))
    failures = asyncio.run(replay(files))
    for name, failure in failures.items():
        print(f"{name}: {failure}", file=sys.stderr)  # noqa: T201 - a program's output
    print(f"{len(files) - len(failures)} of {len(files)} histories replay")  # noqa: T201
    return 1 if failures or not files else 0


def main() -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m starters.replay", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="replay every history in a folder")
    check.add_argument("folder", type=Path)
    keep = commands.add_parser("record", help="write one workflow's history to a file")
    keep.add_argument("workflow_id")
    keep.add_argument("file", type=Path)
    check.set_defaults(run=_check)
    keep.set_defaults(run=_record)
    arguments = parser.parse_args()
    try:
        return int(arguments.run(arguments))
    except MentoraError as error:
        print(f"{error}\n{error.cure}", file=sys.stderr)  # noqa: T201
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
