"""`python -m benchmarks [startup|hour|load] [--runs N] [--minutes M]`; `make bench` runs all."""

import argparse

from benchmarks import hour, load, startup


def main() -> None:
    """Run what is asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("which", nargs="?", choices=["startup", "hour", "load"], help="one of them; all, if left out")
    parser.add_argument("--runs", type=int, default=3, help="medians of so many runs (3)")
    parser.add_argument("--minutes", type=float, default=60, help="how much speech (60)")
    chosen = parser.parse_args()
    if chosen.which in (None, "startup"):
        startup.main(chosen.runs)
    if chosen.which in (None, "hour"):
        hour.main(chosen.runs, chosen.minutes)
    if chosen.which in (None, "load"):
        load.main(chosen.runs)


if __name__ == "__main__":
    main()
