"""What the tests let through of the environment they were started in."""

import os


def bare_environment() -> dict[str, str]:
    """Without any address or choice of the person who runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("MENTORA_", "TEMPORAL_", "PG"))}
