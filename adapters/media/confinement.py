"""What a process that reads hostile media may use and see: limits, and a sandbox where the machine has one."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.media.binaries import Confiners

INPUT_NAME = "input"  # fixed, so that no name that a creator chose ever reaches a command line
# No HOME, no proxies, no credentials, no LD_*: a child sees nothing of the worker's environment.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
_JOB = "/job"
_DIES_WITH_PARENT = ("--pdeathsig", "KILL", "--no-new-privs", "--")
GUARDS = ("bwrap: ", "prlimit: ", "setpriv: ")  # how a guard that could not start its program begins its complaint
_TRIAL_SECONDS = 10.0


@dataclass(frozen=True)
class Limits:
    """Per child process. Measured: four hours of sound take 7 s of one core, 250 MB of addresses are enough for it."""

    # Silence for a gap in the timestamps is made in memory: an hour of it needs 230 MB, and a hostile one anything.
    address_space_bytes: int = 1 << 30
    cpu_seconds: int = 1_800
    wall_seconds: float = 1_800
    output_bytes: int = 1 << 30
    open_files: int = 64


def confined(
    argv: Sequence[str], confiners: Confiners, limits: Limits, folder: Path, source: Path, readable: Sequence[Path]
) -> list[str]:
    """`argv` with its guards before it. It runs in `folder`, where `source` appears as `input`.

    `readable` are the files and folders that the program itself consists of.
    """
    guards: list[str] = []
    if confiners.bwrap is None and confiners.setpriv is not None:
        guards += [confiners.setpriv, *_DIES_WITH_PARENT]
    if confiners.prlimit is not None:
        guards += [confiners.prlimit, *_limit_options(limits), "--"]
    if confiners.bwrap is None:
        (folder / INPUT_NAME).symlink_to(source.absolute())
    else:
        guards += [confiners.bwrap, *_sandbox_options(folder, readable)]
        guards += ["--ro-bind", str(source.absolute()), f"{_JOB}/{INPUT_NAME}", "--"]
    return [*guards, *argv]


def _limit_options(limits: Limits) -> list[str]:
    return [
        f"--as={limits.address_space_bytes}",
        # The soft limit's SIGXCPU says why; at the hard one the kernel sends SIGKILL, which says nothing.
        f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 5}",
        f"--fsize={limits.output_bytes}",
        f"--nofile={limits.open_files}",
        "--core=0",
    ]


def _sandbox_options(folder: Path, readable: Sequence[Path]) -> list[str]:
    binds = [word for path in _SYSTEM_FOLDERS for word in ("--ro-bind-try", path, path)]
    binds += [word for path in readable for word in ("--ro-bind", str(path), str(path))]
    return [
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(*binds, "--dev", "/dev", "--bind", str(folder), _JOB, "--chdir", _JOB),
    ]


def working(confiners: Confiners, limits: Limits) -> Confiners:
    """Those that work here: many containers and some kernels forbid the namespaces that bwrap needs."""
    return Confiners(
        prlimit=_works(confiners.prlimit, *_limit_options(limits), "--"),
        setpriv=_works(confiners.setpriv, *_DIES_WITH_PARENT),
        bwrap=_works(confiners.bwrap, *_sandbox_options(Path("/usr"), [Path(sys.base_prefix)]), "--"),
    )


def _works(program: str | None, *options: str) -> str | None:
    if program is None:
        return None
    try:
        trial = subprocess.run(
            [program, *options, "true"], env=ENVIRONMENT, capture_output=True, timeout=_TRIAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return program if trial.returncode == 0 else None
