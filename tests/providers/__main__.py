"""`python -m tests.providers --port 8099`: the fake vendors as a process, until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from tests.providers.server import FakeProvider


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FakeProvider(port) as provider:
        sys.stdout.write(f"MENTORA_OPENAI_BASE_URL={provider.openai_url}\n")
        sys.stdout.write(f"MENTORA_ANTHROPIC_BASE_URL={provider.anthropic_url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.providers", description="Fake OpenAI and Anthropic.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; it is printed")
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
