"""From `mentora up` typed to everything ready, warm (the home was made before), beside an empty Python."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine, spread
from tests.surroundings import bare_environment

MENTORA = str(Path(sys.executable).parent / "mentora")


def _once(home: str) -> float:
    environment = bare_environment() | {"MENTORA_HOME": home}
    began = time.monotonic()
    with subprocess.Popen([MENTORA, "up", "--json"], env=environment, stdout=subprocess.PIPE) as up:
        assert up.stdout is not None
        assert up.stdout.readline(), "it ended before it was ready"
        ready = time.monotonic() - began
        up.terminate()
        up.communicate()
    return ready


def _empty_python() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import temporalio.worker"], check=True)
    return time.monotonic() - began


def main(runs: int = 5) -> None:
    """Print the medians."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, "home")  # noqa: PTH118 - an environment variable is a string
        cold = _once(home)
        warm = [_once(home) for _ in range(runs)]
    print(f"cold: {cold:.2f} s (1 run)")
    print(spread("warm", warm, "s"))
    print(spread("importing the Temporal SDK once", [_empty_python() for _ in range(runs)], "s"))


if __name__ == "__main__":
    main()
