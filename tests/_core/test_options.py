"""The options of a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from hiq import Pipeline
from hiq._core.options import Component, FilterLists, Options, Plan

BAD = [
    ("schema", "nope"),
    ("schema", []),
    ("schema", ["ha", "ha"]),
    ("high_water", 0),
    ("high_water", True),
    ("high_water", "1"),
    ("max_entities", 0),
    ("max_entities", 2_000_000),
    ("precision", "h"),
    ("measurement_attr", "state"),
    ("default_measurement", 5),
    ("override_measurement", ["m"]),
    ("tags", ["a"]),
    ("tags", {1: "a"}),
    ("tags_attributes", {"a": 1}),
    ("tags_attributes", [1]),
    ("ignore_attributes", 7),
    ("component_config", []),
    ("component_config", {"sensor.x": "m"}),
    ("component_config_domain", {"sensor": {"nope": 1}}),
    ("component_config_glob", {"*": {"ignore_attributes": 1}}),
    ("component_config_glob", {"*": {"override_measurement": 1}}),
    ("include", "sensor"),
    ("exclude", {"nope": []}),
    ("exclude", {"entities": [1]}),
    ("restore_python_text", "yes"),
    ("skip_null_attributes", None),
]


@pytest.mark.parametrize(("key", "value"), BAD)
def test_bad_option_is_named(key: str, value: Any) -> None:
    """A wrong option is refused with its key in the text."""
    with pytest.raises(ValueError, match=key):
        Pipeline({key: value})


def test_options_are_a_mapping() -> None:
    """Something else is refused as well."""
    with pytest.raises(ValueError, match="mapping"):
        Pipeline([])  # type: ignore[arg-type]


def test_nothing_and_null_are_defaults() -> None:
    """No options, an empty block, and keys without a value mean the same."""
    empty = dict.fromkeys(
        (
            "default_measurement",
            "override_measurement",
            "measurement_attr",
            "precision",
            "tags",
            "tags_attributes",
            "ignore_attributes",
            "component_config",
            "include",
            "exclude",
        )
    )
    assert Options.read(None) == Options.read({}) == Options.read(empty) == Options()


def test_connection_keys_are_ignored() -> None:
    """The block may be given as it stands in Home Assistant's configuration."""
    given = {"api_version": 1, "host": "db", "port": 8086, "max_retries": 3}
    assert Options.read(given) == Options()


def test_forms_that_are_accepted() -> None:
    """A single string is a list of one, entity ids are lower-cased, tags are text."""
    read = Options.read(
        {
            "include": {"entities": "Sensor.X", "domains": ["light"]},
            "tags": {"a": 5},
            "component_config": {"Sensor.Y": {"ignore_attributes": "b"}},
            "precision": "ms",
        }
    )
    assert read.included == FilterLists(("sensor.x",), ("light",), ())
    assert not read.excluded
    assert read.tags == {"a": "5"}
    assert read.by_entity == {"sensor.y": Component(None, ("b",))}
    assert read.time_unit_ns == 1_000_000


def test_plan_numbers_the_component_tables() -> None:
    """Equal entries share a number; a key that is not written is -1."""
    plan = Plan.of(
        Options.read(
            {
                "ignore_attributes": ["g"],
                "component_config_domain": {"sensor": {"override_measurement": "m"}},
                "component_config_glob": {"*": {"ignore_attributes": []}, "x": None},
                "component_config": {"a.b": {"override_measurement": "m"}},
            }
        )
    )
    assert plan.overrides == ("", "m")
    assert plan.ignored == (("g",),)
    assert plan.entries == ((1, -1), (-1, 0), (-1, -1), (1, -1))
