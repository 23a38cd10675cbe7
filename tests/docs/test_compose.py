"""The compose file, as far as it can be held to the code without a Docker engine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from adapters.embedded import temporal
from adapters.settings import Settings
from schemas import search_attributes
from schemas.worker_roles import WorkerRole
from starters.migrate import passwords
from tests.docs.compose import COMPOSE_VARIABLES, DEFAULTS, FILE, REQUIRED, SERVICES, UNGUARDED, interpolated
from tests.docs.pages import ROOT
from tests.docs.test_settings_page import COMMENTED

OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("mentora:")}
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate", "mentora"}


def _role(service: dict[str, Any]) -> str:
    command = service.get("command", [])
    return str(command[3]) if command[:3] == ["python", "-m", "workers"] else ""


WORKERS = {name: _role(service) for name, service in SERVICES.items() if _role(service)}


def test_it_follows_the_specification_as_written_and_as_interpolated(tmp_path: Path) -> None:
    plain = tmp_path / "compose.yml"
    plain.write_text(json.dumps(interpolated()))
    checker = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(FILE),
        str(plain),
    ]
    checked = subprocess.run(checker, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_role_has_a_service_and_every_service_a_role_that_exists() -> None:
    assert sorted(WORKERS.values()) == sorted(str(role) for role in WorkerRole)
    assert SERVICES["transcription"]["deploy"]["replicas"] > 1
    assert not {"ports", "container_name"} & set(SERVICES["transcription"])  # either would forbid more than one


def test_whoever_is_waited_for_exists_and_can_be_told_healthy_or_done() -> None:
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], (name, other)
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert other in ONE_SHOT, (name, other)


def test_every_server_has_a_health_check_and_whatever_stays_is_started_again() -> None:
    for name, service in SERVICES.items():
        if name in ONE_SHOT:
            assert service.get("restart", "").startswith("on-failure") or service.get("profiles"), name
        else:
            assert service["restart"] == "unless-stopped", name
            assert ("healthcheck" in service) != (name in WORKERS), name


def test_workers_wait_for_the_migration_and_the_namespace() -> None:
    for name in WORKERS:
        waited = SERVICES[name]["depends_on"]
        assert {"migrate", "temporal-namespace"} <= set(waited), name


def test_images_are_pinned_and_ports_are_this_machines_own() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    published = [port.split(":") for port in ports]
    assert all(len(parts) == 3 and parts[0] == "127.0.0.1" for parts in published)
    assert len({parts[1] for parts in published}) == len(published)
    for service in SERVICES.values():
        _, colon, tag = service["image"].rpartition(":")
        assert colon
        assert tag not in {"", "latest"}


def test_mounted_files_exist_and_named_volumes_are_declared() -> None:
    declared = set(interpolated()["volumes"])
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith("./") else source in declared, (name, volume)


def test_every_variable_has_a_default_or_is_asked_for_and_is_on_the_settings_page() -> None:
    assert not UNGUARDED
    assert all(name.endswith("_PASSWORD") for name in REQUIRED)
    assert len({name for name, _ in DEFAULTS}) == len(DEFAULTS), "one variable has two defaults"
    own = [name for name in COMPOSE_VARIABLES if not name.startswith("MENTORA_")]
    assert [name for name in own if name not in COMMENTED] == []
    defaults = {f"# {name}={value}" for name, value in DEFAULTS if not name.startswith("MENTORA_")}
    assert defaults <= set((ROOT / ".env.example").read_text().splitlines())


def test_no_secret_has_a_default() -> None:
    secret = ("_PASSWORD", "_KEY", "_KEY_ID", "_TOKEN")
    assert [(name, value) for name, value in DEFAULTS if value and name.endswith(secret)] == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_given_settings_that_exist_and_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {key: str(value) for key, value in OURS[name]["environment"].items()}
    known = {f"MENTORA_{field.upper()}" for field in Settings.model_fields}
    assert {key for key in given if key.startswith("MENTORA_")} <= known
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    settings = Settings(_env_file=None)
    assert set(passwords(settings)) == {"mentora_app", "mentora_relay"}
    assert bool(settings.postgres_admin_url) == (name == "migrate")
    for field, default in Settings.model_fields.items():  # what compose passes on by default changes no default
        if f"MENTORA_{field.upper()}" in {variable for variable, _ in DEFAULTS}:
            assert getattr(settings, field) == default.default, field


def test_the_server_has_shards_enough_and_the_embedded_servers_settings() -> None:
    server = SERVICES["temporal"]
    assert int(server["environment"]["NUM_HISTORY_SHARDS"]) >= 64
    mounted = server["volumes"][0].split(":")
    assert server["environment"]["DYNAMIC_CONFIG_FILE_PATH"] == mounted[1]
    dynamic = YAML(typ="safe").load((ROOT / mounted[0]).read_text())
    said = {key: json.dumps(values[0]["value"]) for key, values in dynamic.items()}
    # How often a shard polls is for the one shard of the embedded server; here there are many.
    assert said == {key: value for key, value in temporal._FLAGS.items() if not key.startswith("history.")}


def test_schema_and_server_are_of_one_version() -> None:
    tags = {
        SERVICES[name]["image"].rpartition(":")[2] for name in ("temporal", "temporal-schema", "temporal-namespace")
    }
    assert len(tags) == 1


def test_the_namespace_script_makes_the_search_attributes_that_we_set() -> None:
    script = (ROOT / "deploy" / "temporal" / "create-namespace.sh").read_text()
    assert f"for name in {' '.join(key.name for key in search_attributes.ALL)}; do" in script
