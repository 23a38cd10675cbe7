"""The machine, and medians: what stands beside every figure."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median


def machine() -> str:
    """Processor, cores, memory, kernel, Python, and how busy it is: a figure from a busy machine is worth less."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB, Linux {platform.release()}, Python {python}, load {load}"


def spread(name: str, values: Sequence[float], unit: str) -> str:
    """`name: median (lowest to highest) unit, n runs`."""
    low, middle, high = min(values), median(values), max(values)
    return f"{name}: {middle:.2f} {unit} ({low:.2f} to {high:.2f}, {len(values)} runs)"
