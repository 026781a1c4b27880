"""The reference of settings, names and commands says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from docs.generate import PAGES, REFERENCE, render

from hiq.cli import COMMANDS
from hiq.settings import load
from hiq.settings.table import TOP_LEVEL

COMPLETION = Path(__file__).parent.parent / "docs" / "howto" / "completion.md"


@pytest.mark.parametrize("page", PAGES)
def test_generated_parts_are_up_to_date(page):
    """`python -m docs.generate` would change nothing."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert render(page, text) == text


def test_every_section_has_a_heading():
    """No top-level key of hiq.yaml is left undocumented."""
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## `([a-z_]+)`$", text, re.MULTILINE))
    assert headings == set(TOP_LEVEL)


def test_every_command_has_a_heading():
    """No command of the table is left undocumented."""
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## `hiq {name}" not in text] == []


def test_a_page_without_its_part_is_noticed():
    """A marker that was lost does not make a page pass."""
    with pytest.raises(ValueError, match="has no part aliases"):
        render("environment.md", "nothing")


def test_examples_are_good_settings(tmp_path):
    """Each YAML example of the reference is taken by the loader."""
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(examples) >= 2
    secrets = {"hiq_token": "t" * 40, "influx_token": "x"}
    (tmp_path / "secrets.yaml").write_text(yaml.safe_dump(secrets))
    for example in examples:
        path = tmp_path / "hiq.yaml"
        path.write_text(example)
        assert load(path, env={"HOME": "/h"}).sinks


def test_environment_examples_are_good_settings(tmp_path):
    """The names of the example set something, and nothing of them is refused."""
    text = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    lines = re.findall(r"^(HIQ_\w+)=('.*?'|\S+)", block, re.MULTILINE)
    env = {name: value.strip("'").replace("...", "t" * 40) for name, value in lines}
    del env["HIQ_CONFIG"]
    env["HIQ_SINKS"] = (
        '[{type: influxdb3, url: "http://a", database: d, name: archive}]'
    )
    path = tmp_path / "hiq.yaml"
    path.write_text("log: {level: info}\n")
    settings = load(path, env={**env, "HOME": "/h"})
    assert settings.journal.commit == 5.0
    assert [sink.token for sink in settings.sinks] == [None, "t" * 40]


def test_completion_names_the_variable_of_click():
    """The how-to uses the variable that click derives from the program's name."""
    text = COMPLETION.read_text(encoding="utf-8")
    assert set(re.findall(r"_[A-Z_]+_COMPLETE=(\w+)", text)) == {
        "bash_source",
        "zsh_source",
        "fish_source",
    }
