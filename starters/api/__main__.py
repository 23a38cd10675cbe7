"""`python -m starters.api`: one gateway process, against any PostgreSQL, Redis, Temporal and object store."""

import argparse
import asyncio
import logging
import sys

from adapters.importing import imported_for_good


def main() -> int:
    """Serve; return the process's exit status."""
    argparse.ArgumentParser(prog="python -m starters.api", description=__doc__).parse_args()
    with imported_for_good():
        import uvloop

        from adapters.logs import configure_logging
        from adapters.settings import load_settings
        from schemas.errors import MentoraError
        from starters.api.serving import serve

    try:
        settings = load_settings()
        configure_logging(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except MentoraError as error:
        logging.getLogger(__name__).error("%s: %s %s", error.code, error, error.cure)  # noqa: TRY400
        return error.exit_status
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
