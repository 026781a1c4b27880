"""`hiq filter explain`: which rule decides, as the core decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.discovery.cache import Cache
from hiq.ha.home import Home
from hiq.ha.registries import (
    Area,
    ConfigEntry,
    Device,
    Entity,
    Floor,
    Label,
    Registry,
)

FILTER = """\
influxdb: {exclude: {domains: [sun]}}
filter:
  patterns:
  - {area_id: attic, label: noisy}
  - {domain: sensor, device_class: power}
  exceptions: [{entity_id: "*.keep_*"}]
  limits: [{domain: sensor, min_change: 2}]
"""


def explain(folder: Path, *arguments: str, text: str = FILTER) -> Result:
    """Run the command with a settings file."""
    path = folder / "hiq.yaml"
    path.write_text(text)
    arguments = ("filter", "explain", "--config", str(path), *arguments)
    return CliRunner().invoke(cli, arguments, env={"HOME": "/h"}, standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "status", "rule"),
    [
        (["light.x"], 0, None),
        (["sun.sun"], 1, "include/exclude"),
        (["Light.X", "--area", "attic"], 0, None),
        (
            ["light.x", "--area", "attic", "--label", "a", "--label", "noisy"],
            1,
            "patterns[0]",
        ),
        (["sensor.x", "--device-class", "power"], 1, "patterns[1]"),
        (["sensor.keep_x", "--device-class", "power"], 0, "exceptions[0]"),
    ],
)
def test_names_the_rule(
    tmp_path: Path, arguments: list[str], status: int, rule: str | None
) -> None:
    """The exit status says whether, the document which and why."""
    result = explain(tmp_path, *arguments, "--json")
    assert result.return_value == status, result.output
    found = json.loads(result.output)
    assert found["rule"] == rule
    assert found["accepted"] is (status == 0)
    assert found["reason"]


def test_for_people(tmp_path: Path) -> None:
    """The pattern is shown, its limit, and that the class matters."""
    lines = explain(tmp_path, "sensor.x").output.splitlines()
    assert lines[:3] == [
        "entity    sensor.x",
        "written   yes",
        "rule      none matches",
    ]
    assert any("limits[0]" in line and '"min_change": 2.0' in line for line in lines)
    assert (
        "note      with device class power it is not written, by patterns[1]" in lines
    )
    assert "the registry knows no device class" in lines[-2]
    assert "no registry is kept in" in lines[-1]


@pytest.mark.parametrize(
    ("mode", "status", "words"),
    [("include", 0, "lets it pass"), ("exclude", 1, "leaves it out")],
)
def test_says_what_the_mode_makes_of_it(
    tmp_path: Path, mode: str, status: int, words: str
) -> None:
    """The same pattern lets pass or leaves out."""
    text = f"filter: {{mode: {mode}, patterns: [{{domain: light}}]}}\n"
    result = explain(tmp_path, "light.x", text=text)
    assert result.return_value == status
    assert words in result.output
    assert explain(tmp_path, "sun.sun", text=text).return_value == 1 - status


def test_without_a_filter_all_passes(tmp_path: Path) -> None:
    """It says that there is none."""
    result = explain(tmp_path, "light.x", text="sinks: [{type: stdout}]\n")
    assert result.return_value == 0
    assert "no rule of filter is set" in result.output


HOME = (
    Home()
    .with_rows(Registry.FLOORS, [Floor("first", "First")])
    .with_rows(Registry.LABELS, [Label("noisy", "Noisy"), Label("b", "Bee")])
    .with_rows(Registry.AREAS, [Area("attic", "Attic", "first"), Area("hall", "Hall")])
    .with_rows(Registry.CONFIG_ENTRIES, [ConfigEntry("c1", "mqtt")])
    .with_rows(Registry.DEVICES, [Device("d1", "Fan 3", "Fan", area_id="attic")])
    .with_rows(
        Registry.ENTITIES,
        [
            Entity(
                "sensor.fan",
                "r1",
                "mqtt",
                original_name="Fan power",
                config_entry_id="c1",
                device_id="d1",
                labels=("noisy", "b"),
                entity_category="diagnostic",
            ),
            Entity("light.hall", "r2", "hue", area_id="hall"),
            Entity("light.off", "r3", "hue", disabled_by="user"),
        ],
    )
)
URL = "http://ha.example:8123"
KEPT = f"home_assistant: {{url: '{URL}'}}\n"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder in which a service has kept what the registries said."""
    Cache(tmp_path / "data").save(HOME, URL, 1_000_000.0)
    return tmp_path


def by_registry(folder: Path, text: str, *arguments: str) -> list[str]:
    """Run the command beside the kept registry; returns its lines."""
    text = f"{KEPT}data_dir: {folder / 'data'}\nfilter:\n  {text}\n"
    return explain(folder, *arguments, text=text).output.splitlines()


def test_area_floor_and_labels_are_those_of_the_registry(kept: Path) -> None:
    """The rule that decides, what of it holds, and where each fact comes from."""
    rule = "patterns: [{area_id: attic, label: [x, noisy], floor_id: first}]"
    lines = by_registry(kept, rule, "sensor.fan")
    assert lines[:3] == [
        "entity    sensor.fan  (Fan power)",
        "written   no",
        "rule      patterns[0]",
    ]
    assert lines[5:8] == [
        "because   area_id is attic (Attic, of its device Fan)",
        "because   label is b, noisy (Bee, Noisy)",
        "because   floor_id is first (First, of its area)",
    ]
    assert lines[8].startswith(
        "known     area attic, floor first, label b, noisy, integration mqtt, "
        "category diagnostic, platform mqtt; registry of "
    )
    assert lines[8].endswith(" days ago")


def test_options_come_before_the_registry(kept: Path) -> None:
    """What would be if the entity lay elsewhere; the rest stays."""
    rule = "patterns: [{area_id: hall, platform: mqtt}, {floor_id: first}]"
    lines = by_registry(kept, rule, "sensor.fan", "--area", "hall")
    assert "because   area_id is hall (as given)" in lines
    assert "because   platform is mqtt" in lines
    lines = by_registry(kept, rule, "light.hall", "--area", "attic")
    assert "because   floor_id is first" in lines  # of the area that was given


@pytest.mark.parametrize(
    ("entity_id", "words"),
    [
        ("light.hal", "light.hal is not in the registry (did you mean light.hall?)"),
        ("light.off", "it is disabled by user, so it has no states"),
        ("light.hall", "patterns[0] asks for area_id Attic, which is not in the"),
    ],
)
def test_what_is_odd_is_noted(kept: Path, entity_id: str, words: str) -> None:
    """An id that nobody has, a disabled entity, and a name instead of an id."""
    lines = by_registry(kept, "patterns: [{area_id: Attic}]", entity_id)
    assert any(words in line for line in lines), lines


def test_the_document_tells_the_facts(kept: Path) -> None:
    """For programs: facts, reasons, and the age of the registry."""
    text = f"{KEPT}data_dir: {kept / 'data'}\nfilter: {{patterns: [{{label: b}}]}}\n"
    found = json.loads(explain(kept, "sensor.fan", "--json", text=text).output)
    assert found["because"] == ["label is b, noisy (Bee, Noisy)"]
    assert found["facts"]["area_id"] == "attic"
    assert found["in_registry"] is True
    assert found["registry_age_seconds"] > 0


@pytest.mark.parametrize(
    ("entity_id", "expected"),
    [
        ("sun.sun", ["exclude.domains holds sun", "no list of include holds it"]),
        ("light.a", ["no list of include holds it"]),
        (
            "sensor.x_b",
            ["include.domains holds sensor", "exclude.entity_globs holds *_b"],
        ),
    ],
)
def test_names_the_lists_of_the_block(
    tmp_path: Path, entity_id: str, expected: list[str]
) -> None:
    """Which list of include or exclude holds the entity, and by which text."""
    text = (
        "influxdb:\n  include: {domains: [sensor]}\n"
        "  exclude: {domains: [sun], entity_globs: ['*_b']}\n"
    )
    lines = explain(tmp_path, entity_id, text=text).output.splitlines()
    assert [line[10:] for line in lines if line.startswith("because")] == expected
