"""The image: it copies what exists and all that is imported, and nobody in it is root."""

import re
import tomllib

from tests.docs.compose import SERVICES
from tests.docs.pages import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
COPIED = [word for line in re.findall(r"^COPY ((?!--from).*)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]


def test_what_it_copies_exists_and_passes_the_ignore_file() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    patterns = [re.compile(re.escape(line).replace(r"\*", "[^/]*")) for line in allowed]
    for name in COPIED:
        assert (ROOT / name).exists(), name
        assert any(pattern.fullmatch(name) for pattern in patterns), name


def test_every_package_of_ours_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["uv"]["build-backend"]["module-name"]) <= set(COPIED)


def test_stages_that_are_named_exist_and_the_last_is_production() -> None:
    used = re.findall(r"--from=(\S+)", DOCKERFILE) + re.findall(r"^FROM (?!python)(\S+)", DOCKERFILE, re.MULTILINE)
    assert set(used) <= set(STAGES)
    assert STAGES[-1] == "production"
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} <= set(STAGES)


def test_it_runs_as_nobody_special_with_its_state_in_the_volume_that_is_mounted() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    home = re.search(r"MENTORA_HOME=(\S+)", DOCKERFILE)
    assert home is not None
    mounts = {volume for service in SERVICES.values() if "build" in service for volume in service["volumes"]}
    assert mounts == {f"mentora:{home[1]}"}


def test_packages_are_installed_by_hash_only() -> None:
    installs = re.findall(
        r"pip install [^&]*", re.sub(r"\\\n|\n\n", lambda end: " " if "\\" in end[0] else "&", DOCKERFILE)
    )
    assert len(installs) == 4
    assert all("--require-hashes" in install for install in installs)
    assert "ffmpeg util-linux" in DOCKERFILE
