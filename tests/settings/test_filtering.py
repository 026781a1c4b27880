"""The section `filter`: every mistake is named, with line, key and what is expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hiq import Pipeline
from hiq._core.filter_options import KEYS, MOST_RULES, FilterRules
from hiq.errors import ConfigError
from hiq.settings import filtering, load
from hiq.settings.show import public

ENV = {"HOME": "/h"}
FULL = """\
filter:
  mode: include
  patterns:
  - entity_id: [sensor.*, light.kitchen]
    domain: sensor
    device_class: power
    area_id: attic
    floor_id: first
    label: [noisy, b]
    integration: mqtt
    entity_category: diagnostic
    platform: mqtt
  exceptions: [{entity_id: "*.keep_?"}]
  limits:
  - {domain: sensor, min_interval: 90s, min_change: 0.5}
  attributes: {deny: icon, domains: {light: {allow: [bri*, "a [x]*"]}}}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a file, without its name."""
    path = tmp_path / "hiq.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as found:
        load(path, env=ENV)
    return [str(problem).replace(f"{path}:", "") for problem in found.value.problems]


def test_every_key_reaches_the_pipeline(tmp_path: Path) -> None:
    """The whole section makes a pipeline, with durations as seconds."""
    path = tmp_path / "hiq.yaml"
    path.write_text(FULL)
    settings = load(path, env=ENV)
    assert settings.filter is not None
    assert settings.filter["limits"] == [
        {"domain": ["sensor"], "min_interval": 90.0, "min_change": 0.5}
    ]
    assert FilterRules.read(settings.filter).is_include
    assert not Pipeline(settings.pipeline_options).explain("light.x").accepted


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    """Shown settings, written as YAML, are the same settings."""
    path = tmp_path / "hiq.yaml"
    path.write_text(FULL)
    shown = public(load(path, env=ENV))
    assert shown["filter"]["limits"][0]["min_interval"] == "90s"
    path.write_text(yaml.safe_dump(shown))
    assert public(load(path, env=ENV)) == shown


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Each has its line and its key."""
    found = problems(
        tmp_path,
        """\
filter:
  mode: exlude
  patterns:
  - {}
  - {domain: Sensor!}
  - {area: attic}
  - {area_id: }
  - {label: []}
  - sensor.x
  - {entity_id: "sensor.[x"}
  exceptions: {domain: light}
  limits:
  - {domain: sensor}
  - {min_change: 1}
  - {domain: sensor, min_interval: 0s, min_change: -1}
  - {domain: sensor, min_change: x}
  attributes:
    allow: []
    deny: [" ", "[x"]
    domains: {Light!: {allow: x}, light: }
    else: 1
""",
    )
    lines = [int(text.split(":")[0]) for text in found]
    assert lines == sorted(lines)
    wanted = """2 filter.mode: expected exclude or include
4 filter.patterns[0]: no condition
5 filter.patterns[1].domain: expected a domain
6 filter.patterns[2].area: unknown key (did you mean area_id?)
7 filter.patterns[3].area_id: expected a text, got nothing
8 filter.patterns[4].label: expected a text or a list
9 filter.patterns[5]: expected `key: value`
10 filter.patterns[6].entity_id: bad glob
11 filter.exceptions: expected a list
13 filter.limits[0]: set min_interval or min_change
14 filter.limits[1]: no condition
15 filter.limits[2].min_interval: expected a duration above 0
15 filter.limits[2].min_change: expected a number above 0
16 filter.limits[3].min_change: expected a number above 0
18 filter.attributes.allow: expected a text or a list
19 filter.attributes.deny[0]: bad glob
19 filter.attributes.deny[1]: bad glob
20 filter.attributes.domains: expected a domain
20 filter.attributes.domains.light: expected `allow` or `deny`
21 filter.attributes.else: unknown key""".split("\n")
    assert len(found) == len(wanted), found
    for text, start in zip(found, wanted, strict=True):
        assert text.startswith(start.replace(" ", ": ", 1)), (text, start)


def test_keys_are_those_of_the_core() -> None:
    """Settings and core name the same conditions, and have the same bound."""
    assert list(filtering.CONDITIONS) == list(KEYS)
    assert filtering.MOST_RULES == MOST_RULES


def test_the_number_of_rules_is_bounded(tmp_path: Path) -> None:
    """A filter that was made by a mistake does not become counters without end."""
    rules = ["- {domain: sensor}"] * (MOST_RULES + 1)
    (found,) = problems(tmp_path, "filter:\n  patterns:\n  " + "\n  ".join(rules))
    assert re.search("at most 10000 rules", found)
