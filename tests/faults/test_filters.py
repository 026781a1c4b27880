"""What the filter of the service before did wrong: L08-L11, W09."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hiq import Pipeline
from tests.events import frame, state_changed


def passed(rules: dict[str, Any], *events: dict[str, Any]) -> list[bool]:
    """Which of some events become points, each with the tags of its area."""
    pipeline = Pipeline({"filter": rules})
    found = []
    for event in events:
        area = event.pop("area", None)
        message = state_changed(**event)
        entity_id = message["event"]["data"]["entity_id"]
        if area:
            pipeline.set_tags(entity_id, {"area_id": area})
        found.append(bool(pipeline.feed(frame(message)).points))
    return found


def test_L08_device_class_filter_matches() -> None:
    """A pattern with a device class matches events whose state has it, and only those."""
    events = [
        {"attributes": {"device_class": device_class, "unit_of_measurement": "dBm"}}
        for device_class in ("signal_strength", "power", None, "signal_strength")
    ]
    rules = {"patterns": [{"device_class": "signal_strength"}]}
    assert passed(rules, *events) == [False, True, True, False]


def test_L09_exceptions_work_with_any_key() -> None:
    """An exception by area lets the sensors of that area pass."""
    rules = {"patterns": [{"domain": "sensor"}], "exceptions": [{"area_id": "attic"}]}
    events = [{"entity_id": "sensor.a", "area": "attic"}, {"entity_id": "sensor.b"}]
    assert passed(rules, *events) == [True, False]


def test_L10_keys_of_a_pattern_are_joined_by_and() -> None:
    """Sensors of the attic are dropped, other sensors and other things are not."""
    rules = {"patterns": [{"domain": "sensor", "area_id": "attic"}]}
    events = [
        {"entity_id": "sensor.a", "area": "attic"},
        {"entity_id": "sensor.b", "area": "kitchen"},
        {"entity_id": "light.a", "area": "attic"},
    ]
    assert passed(rules, *events) == [False, True, True]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"patterns": [', "filter"),
        ('{"patterns": [{"area": "x"}]}', "filter.patterns[0].area"),
        ('{"mode": "drop"}', "filter.mode"),
    ],
)
def test_L11_a_bad_filter_file_refuses_to_start(
    tmp_path: Path, text: str, key: str
) -> None:
    """Broken JSON, an unknown key, an unknown mode: exit status 2, file and key named."""
    path = tmp_path / "filter.json"
    path.write_text(text)
    ended = subprocess.run(
        [sys.executable, "-m", "hiq", "serve"],
        env={"HOME": str(tmp_path), "ENTITY_FILTER_CONFIG_FILE": str(path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert str(path) in ended.stderr
    assert f"{key}: " in ended.stderr


def test_L11_all_errors_are_said_at_once(tmp_path: Path) -> None:
    """One look is enough to mend a filter file."""
    path = tmp_path / "filter.json"
    path.write_text(json.dumps({"mode": "drop", "patterns": [{}], "exception": []}))
    ended = subprocess.run(
        [sys.executable, "-m", "hiq", "config", "check", "--json"],
        env={"HOME": str(tmp_path), "ENTITY_FILTER_CONFIG_FILE": str(path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    keys = [problem["key"] for problem in json.loads(ended.stdout)["problems"]]
    assert keys == ["filter.mode", "filter.patterns[0]", "filter.exception"]
