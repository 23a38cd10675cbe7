"""Where ffmpeg and the programs that confine it are. Nothing is downloaded."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import PartMissing


def find_ffmpeg(environment: Mapping[str, str] = os.environ) -> Path:
    """$FFMPEG, else PATH, else the binary inside the imageio-ffmpeg package.

    Raises: PartMissing, also where $FFMPEG names no program: what somebody chose by hand is not replaced in silence.
    """
    if chosen := environment.get("FFMPEG"):
        if found := shutil.which(chosen, path=environment.get("PATH")):
            return Path(found).absolute()
        raise PartMissing(f"FFMPEG names {chosen!r}, which is no program. Correct it or unset it.")
    if found := shutil.which("ffmpeg", path=environment.get("PATH")):
        return Path(found).absolute()
    if bundled := _bundled_ffmpeg():
        return bundled
    raise PartMissing(
        "ffmpeg is not installed. Install it with the system's package manager, or install the Python package "
        "imageio-ffmpeg, which contains it, or set FFMPEG to its path."
    )


def _bundled_ffmpeg() -> Path | None:
    spec = importlib.util.find_spec("imageio_ffmpeg")
    if spec is None or spec.origin is None:
        return None
    found = sorted((Path(spec.origin).parent / "binaries").glob("ffmpeg-*"))
    return next((path for path in found if os.access(path, os.X_OK)), None)


@dataclass(frozen=True)
class Confiners:
    """Programs that confine a child process; None where this machine has none."""

    prlimit: str | None = None  # util-linux: limits on memory, processor time, output, open files
    setpriv: str | None = None  # util-linux: the child dies with its parent
    bwrap: str | None = None  # bubblewrap: no network, and no files but its own


def find_confiners(environment: Mapping[str, str] = os.environ) -> Confiners:
    """What PATH offers."""
    path = environment.get("PATH")
    return Confiners(*(shutil.which(name, path=path) for name in ("prlimit", "setpriv", "bwrap")))
