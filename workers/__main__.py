"""`python -m workers ROLE`: one worker process, against any Temporal, PostgreSQL, Redis and object store."""

import argparse
import asyncio
import logging
import os
import sys

from adapters.importing import imported_for_good
from schemas.worker_roles import WorkerRole


def main() -> int:
    """Run one role; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("role", choices=[str(role) for role in WorkerRole], help="what this process works on")
    role = WorkerRole(parser.parse_args().role)
    with imported_for_good():
        from adapters.logs import configure_logging
        from adapters.settings import load_settings
        from schemas.errors import MentoraError
        from workers.run import run

    try:
        settings = load_settings()
        configure_logging(settings)
        # Not asyncio.run: it waits for threads, and a part that is being heard in one was handed over already.
        asyncio.new_event_loop().run_until_complete(run(role, settings))
    except MentoraError as error:
        logging.getLogger(__name__).error("%s: %s %s", error.code, error, error.cure)  # noqa: TRY400
        return error.exit_status
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's core may abort in a thread of its own while the interpreter ends (2 of 100 SIGTERMed workers,
    # measured); everything is finished and flushed here, so leave without that.
    os._exit(status)
