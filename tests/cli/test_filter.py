"""`hiq filter explain`: which rule decides, as the core decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli

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
    assert lines[-1].startswith("note      with another device class")


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
