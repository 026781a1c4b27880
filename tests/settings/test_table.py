"""The table of settings and the structs say the same."""

from __future__ import annotations

import msgspec
import pytest

from hiq.settings import schema
from hiq.settings.block import BLOCK, CONNECTION, SHAPE
from hiq.settings.nearest import did_you_mean, listed
from hiq.settings.table import SECTIONS, SINK, SINK_TYPES, TOP_LEVEL

STRUCTS = {
    "home_assistant": schema.HomeAssistantSettings,
    "journal": schema.JournalSettings,
    "http": schema.HttpSettings,
    "backfill": schema.BackfillSettings,
    "clients": schema.ClientsSettings,
    "security": schema.SecuritySettings,
    "log": schema.LogSettings,
}


@pytest.mark.parametrize("name", STRUCTS)
def test_each_field_has_a_row(name):
    """A setting that the loader does not know, or that no struct holds, fails here."""
    assert sorted(STRUCTS[name].__struct_fields__) == sorted(SECTIONS[name])


def test_sinks_have_rows():
    """The keys of a sink are the fields of its struct."""
    assert sorted(schema.SinkSettings.__struct_fields__) == sorted(SINK)


def test_sections_are_top_level():
    """Every section of the settings can be written in hiq.yaml."""
    resolved = {"source", "notes"}
    assert set(schema.Settings.__struct_fields__) - resolved == set(TOP_LEVEL)


def test_sink_types_are_those_of_the_schema():
    """Type names stand in three places and are the same."""
    literal = msgspec.inspect.type_info(schema.SinkType).values
    assert set(literal) == set(SINK_TYPES)


def test_block_is_connection_and_shape():
    """No key of the block is in both groups."""
    assert not CONNECTION.keys() & SHAPE.keys()
    assert len(BLOCK) == len(CONNECTION) + len(SHAPE)


@pytest.mark.parametrize("rows", [*SECTIONS.values(), SINK, BLOCK], ids=str)
def test_every_row_is_explained(rows):
    """Each setting has a sentence of its own."""
    for key, row in rows.items():
        assert row.help.endswith("."), key
        assert row.kind.name, key


def test_secrets_are_marked():
    """Whatever is called token, password or key is never shown."""
    for rows in (*SECTIONS.values(), SINK, BLOCK):
        for key, row in rows.items():
            assert row.kind.secret is (key in {"token", "password", "api_key"}), key


def test_nearest_names():
    """A near name is proposed, a far one is not, a list reads as English."""
    assert did_you_mean("tokn", ["token", "url"]) == " (did you mean token?)"
    assert did_you_mean("zzz", ["token"]) == ""
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert listed(["a"]) == "a"
