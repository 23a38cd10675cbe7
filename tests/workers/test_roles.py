"""Every step has exactly one pool, and the stories ask for it there."""

import importlib
import inspect
import json
import pkgutil
from pathlib import Path

from temporalio import activity

import activities
from adapters.settings import Settings
from schemas.worker_roles import WorkerRole
from workers.roles import POOLS
from workers.wiring import Wiring

HISTORIES = Path(__file__).parents[1] / "replay" / "histories"


def _steps_defined() -> set[str]:
    names = set()
    for module in pkgutil.iter_modules(activities.__path__):
        for _, kind in inspect.getmembers(importlib.import_module(f"activities.{module.name}"), inspect.isclass):
            for _, method in inspect.getmembers(kind, inspect.isfunction):
                if definition := activity._Definition.from_callable(method):
                    names.add(str(definition.name))
    return names


def _steps_served(tmp_path: Path) -> dict[str, list[str]]:
    settings = Settings(home=tmp_path, postgres_url="postgresql:///x", postgres_relay_url="postgresql:///x")
    return {
        str(role): [str(activity._Definition.must_from_callable(step).name) for step in pool.steps(Wiring(settings))]
        for role, pool in POOLS.items()
    }


def test_every_role_but_the_relay_has_a_pool() -> None:
    assert set(POOLS) == set(WorkerRole) - {WorkerRole.RELAY}


def test_every_step_is_served_by_exactly_one_pool(tmp_path: Path) -> None:
    served = [name for names in _steps_served(tmp_path).values() for name in names]
    assert len(served) == len(set(served))
    assert set(served) == _steps_defined()


def test_the_stories_ask_each_step_of_the_pool_that_serves_it(tmp_path: Path) -> None:
    served = _steps_served(tmp_path)
    asked = set()
    for file in HISTORIES.glob("*.json"):
        for event in json.loads(file.read_text())["events"]:
            if scheduled := event.get("activityTaskScheduledEventAttributes"):
                asked.add((scheduled["activityType"]["name"], scheduled["taskQueue"]["name"]))
    assert len(asked) == len(_steps_defined())
    assert [(step, queue) for step, queue in asked if step not in served[queue]] == []
