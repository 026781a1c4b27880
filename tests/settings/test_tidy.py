"""The section `tidy`: what is read is what the pipeline takes, mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.events import frame, state_changed

import hiq
from hiq._core.schema_options import (
    ALL_DOMAINS,
    HIGHEST_TEXT_BYTES,
    KEYS,
    MAX_TEXT_BYTES,
    TidyOptions,
)
from hiq._core.schema_options import TAGS as CORE_TAGS
from hiq.errors import ConfigError
from hiq.settings import load, tidy
from hiq.settings.show import public

ENV = {"HOME": "/h"}
FULL = """\
sinks: [{type: stdout, schema: tidy}]
tidy:
  tags: {unit: true, floor: on, device: true, labels: true, platform: true, rid: true}
  follow: old_id
  attributes: {climate: ["target_*", hvac_action], "*": battery}
  max_text_bytes: 1KiB
  unavailable: skip
  numeric_state_text: true
"""


def read(tmp_path: Path, text: str):
    """Return the settings of a file."""
    path = tmp_path / "hiq.yaml"
    path.write_text(text)
    return load(path, env=ENV)


def test_every_key_reaches_the_core(tmp_path):
    """The section as written is the options of the core, and makes a pipeline."""
    settings = read(tmp_path, FULL)
    options = TidyOptions.read(settings.tidy)
    assert set(options.tags) == set(CORE_TAGS)
    assert options.follows_old_id
    assert options.attributes == {
        "climate": ("target_*", "hvac_action"),
        "*": ("battery",),
    }
    assert options.max_text_bytes == 1024
    assert not options.writes_unavailable
    assert options.numeric_state_text
    hiq.Pipeline(settings.pipeline_options)
    assert settings.point_options == {"tidy": settings.tidy}


def test_the_table_has_what_the_core_has():
    """No key, tag or limit of the core is missing here."""
    assert tuple(tidy.TIDY) == KEYS
    assert tidy.TAGS == CORE_TAGS
    assert tidy.ALL_DOMAINS == ALL_DOMAINS
    assert tidy.HIGHEST_TEXT_BYTES == HIGHEST_TEXT_BYTES
    assert MAX_TEXT_BYTES == 4096


def test_a_list_of_globs_is_for_every_domain(tmp_path):
    """One glob or several, without a mapping."""
    for text in ("brightness", "[brightness]"):
        found = read(tmp_path, f"tidy: {{attributes: {text}}}")
        assert found.tidy == {"attributes": {"*": ["brightness"]}}


def test_attributes_by_glob_and_the_size_cap_are_in_the_points(tmp_path):
    """What the list allows is written, long texts are cut, the rest is left out."""
    settings = read(
        tmp_path,
        "sinks: [{type: stdout, schema: tidy}]\n"
        'tidy: {attributes: {light: ["bri*", effect]}, max_text_bytes: 3}\n',
    )
    pipeline = hiq.Pipeline(settings.pipeline_options)
    attributes = {"brightness": 7, "effect": "rainbow", "icon": "mdi:lamp"}
    pipeline.feed(frame(state_changed("light.a", "on", attributes)))
    line = pipeline.take("tidy").decode()
    assert ' brightness=7.0,effect_text="rai",state="on",value=1.0 ' in line


def test_what_is_shown_can_be_read_again(tmp_path):
    """Sizes as people write them."""
    first = read(tmp_path, FULL)
    shown = public(first)
    assert shown["tidy"]["max_text_bytes"] == "1KiB"
    again = read(tmp_path, yaml.safe_dump(shown))
    assert again.tidy == first.tidy


def test_without_the_section_nothing_is_said_to_the_core(tmp_path):
    """An empty one is the same."""
    assert read(tmp_path, "tidy:\n").tidy is None
    assert "tidy" not in read(tmp_path, "tidy:\n").pipeline_options


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{tags: {colour: true}}", "tidy.tags.colour: unknown key"),
        ("{tags: {unit: maybe}}", "tidy.tags.unit: expected true or false"),
        ("{tags: [unit]}", "tidy.tags: expected `key: value` lines"),
        ("{follow: new}", "tidy.follow: expected none or old_id"),
        ("{attributes: {Light: x}}", "tidy.attributes: expected a domain"),
        ('{attributes: {light: "a[b"}}', "tidy.attributes.light: bad glob"),
        ("{attributes: true}", "tidy.attributes: expected a text"),
        ("{max_text_bytes: 0}", "tidy.max_text_bytes: expected a size from 1 byte"),
        ("{max_text_bytes: 2MiB}", "tidy.max_text_bytes: expected a size from 1 byte"),
        ("{unavailable: drop}", "tidy.unavailable: expected write or skip"),
        ("{sorted: true}", "tidy.sorted: unknown key"),
        ("[x]", "tidy: expected `key: value` lines"),
    ],
)
def test_a_mistake_is_named(tmp_path, section, said):
    """With its key and what is expected."""
    with pytest.raises(ConfigError) as found:
        read(tmp_path, f"tidy: {section}\n")
    assert said in str(found.value)
