"""The section `snapshot`: how often, and of which entities."""

from __future__ import annotations

import pytest

import hiq
from hiq.errors import ConfigError
from hiq.regular.build import options_of
from hiq.settings import load

ENV = {"HOME": "/h"}
FULL = """\
filter: {mode: include, patterns: [{domain: sensor}], attributes: {deny: x},
  limits: [{domain: sensor, min_change: 2}]}
influxdb: {exclude: {domains: [light]}, default_measurement: m}
snapshot:
  every: 5m
  mode: include
  patterns: [{domain: [sensor, climate]}, {label: graphs}]
  exceptions: [{entity_id: "*.x"}]
"""


def test_the_whole_section_makes_a_pipeline(tmp_path):
    """With its own rules; of the main filter only the lists of attributes."""
    path = tmp_path / "hiq.yaml"
    path.write_text(FULL)
    settings = load(path, env=ENV)
    assert settings.snapshot.every == 300.0
    options = options_of(settings)
    assert options.pop("max_remembered_bytes")
    assert options == {
        "default_measurement": "m",
        "filter": {
            "mode": "include",
            "patterns": [{"domain": ["sensor", "climate"]}, {"label": ["graphs"]}],
            "exceptions": [{"entity_id": ["*.x"]}],
            "attributes": {"deny": ["x"]},
        },
    }
    pipeline = hiq.Pipeline(options)
    assert pipeline.explain("light.x").accepted
    assert not pipeline.explain("light.y").accepted


def test_without_the_section_there_are_none(tmp_path):
    """And with it alone all entities are in."""
    path = tmp_path / "hiq.yaml"
    path.write_text("log: {level: info}\n")
    assert load(path, env=ENV).snapshot.every == 0
    path.write_text("snapshot: {every: 1m}\n")
    assert hiq.Pipeline(options_of(load(path, env=ENV))).explain("a.b").accepted


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{every: 5s}", "snapshot.every: expected 0s, or a duration from 10s to 1d"),
        ("{every: 2d}", "snapshot.every: expected 0s"),
        ("{every: often}", "snapshot.every: expected a duration"),
        ("{patterns: [{}]}", "snapshot.patterns[0]: no condition"),
        ("{patterns: {domain: a}}", "snapshot.patterns: expected a list"),
        ("{mode: all}", "snapshot.mode: expected exclude or include"),
        ("{limits: []}", "snapshot.limits: unknown key"),
    ],
)
def test_a_mistake_is_named(tmp_path, section, said):
    """With its key and what is expected."""
    path = tmp_path / "hiq.yaml"
    path.write_text(f"snapshot: {section}\n")
    with pytest.raises(ConfigError) as found:
        load(path, env=ENV)
    assert said in str(found.value)
