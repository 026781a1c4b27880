"""HomeIQ's filter from the environment or a file: used, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.errors import ConfigError
from hiq.settings import load

INLINE = '{"mode": "include", "patterns": [{"domain": "light"}]}'


def test_inline_json_sets_the_filter() -> None:
    """The names of the other service work, and are noted."""
    settings = load(env={"HOME": "/h", "ENTITY_FILTER_CONFIG": INLINE})
    assert settings.filter == {"mode": "include", "patterns": [{"domain": ["light"]}]}
    assert "ENTITY_FILTER_CONFIG sets filter" in settings.notes


def test_a_file_sets_the_filter(tmp_path: Path) -> None:
    """Tabs are fine, and inline JSON comes before the file."""
    path = tmp_path / "filter.json"
    path.write_text('{\n\t"patterns":\t[{"area_id": "attic"}]\n}')
    env = {"HOME": "/h", "ENTITY_FILTER_CONFIG_FILE": str(path)}
    assert load(env=env).filter == {"patterns": [{"area_id": ["attic"]}]}
    settings = load(env={**env, "ENTITY_FILTER_CONFIG": INLINE})
    assert settings.filter is not None
    assert settings.filter["mode"] == "include"
    assert any("is passed over" in note for note in settings.notes)


def test_the_settings_file_comes_first(tmp_path: Path) -> None:
    """A filter in hiq.yaml is not mixed with another."""
    path = tmp_path / "hiq.yaml"
    path.write_text("filter: {patterns: [{domain: sun}]}\n")
    settings = load(path, env={"HOME": "/h", "ENTITY_FILTER_CONFIG": INLINE})
    assert settings.filter == {"patterns": [{"domain": ["sun"]}]}
    assert "ENTITY_FILTER_CONFIG not used: filter is set already" in settings.notes


def test_the_default_file_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used where it is, and nothing is said where it is not."""
    monkeypatch.chdir(tmp_path)
    assert load(env={"HOME": "/h"}).filter is None
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "entity_filter.json").write_text(INLINE)
    assert load(env={"HOME": "/h"}).filter is not None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"patterns": [', "this is not JSON"),
        ("{patterns: []}", "this is not JSON"),
        ("[]", "expected a JSON object"),
        ('{\n"mode": "some"}', "filter.mode: expected exclude or include"),
        ('{\n"paterns": []}', "filter.paterns: unknown key (did you mean patterns?)"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, wanted: str) -> None:
    """The message names file and key; nothing is captured unfiltered."""
    path = tmp_path / "filter.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as found:
        load(env={"HOME": "/h", "ENTITY_FILTER_CONFIG_FILE": str(path)})
    (problem,) = found.value.problems
    assert str(problem).startswith(str(path))
    assert wanted in str(problem)


@pytest.mark.parametrize("content", [None, b"\xff{}"])
def test_a_named_file_must_be_readable(tmp_path: Path, content: bytes | None) -> None:
    """A file that is named and missing, or no text, is a mistake."""
    path = tmp_path / "filter.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="filter"):
        load(env={"HOME": "/h", "ENTITY_FILTER_CONFIG_FILE": str(path)})
