"""The list of sinks, and sinks made of names that other programs use."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.settings.document import Reader
from hiq.settings.schema import SinkSettings
from hiq.settings.sinks import foreign_sinks, read_sinks
from hiq.settings.table import SINK, SINK_TYPES


def read(text, taken=()):
    """Read the items of a list of sinks; returns sinks and problems."""
    reader = Reader({})
    tree = reader.text(text, "c.yaml", Path("/conf"))
    sinks = read_sinks(tree, reader.problems, taken)
    return sinks, [(p.line, p.key, p.message) for p in reader.problems]


GOOD = """
- type: influxdb1
  url: http://a:8086/
  database: ha
  username: u
  password: 0123
- name: two
  type: influxdb2
  url: https://b
  bucket: k
  org: o
  token: t
  start: now
- {type: influxdb3, url: http://c:8181, database: d}
- {type: victoriametrics, url: http://d:8428, required: false}
- {type: sqlite, path: x.db, retention: 30d, max_bytes: 1GiB}
- {type: stdout}
"""


def test_every_type():
    """Each type of sink is read, its name is its type unless given."""
    sinks, problems = read(GOOD)
    assert problems == []
    assert [sink.name for sink in sinks] == [
        "influxdb1",
        "two",
        "influxdb3",
        "victoriametrics",
        "sqlite",
        "stdout",
    ]
    assert sinks[0].url == "http://a:8086"
    assert sinks[0].password == "0123"
    assert (sinks[1].start, sinks[3].required) == ("now", False)
    assert (sinks[4].path, sinks[4].retention, sinks[4].max_bytes) == (
        "x.db",
        2592000.0,
        2**30,
    )


@pytest.mark.parametrize("kind", SINK_TYPES)
def test_what_each_type_needs(kind):
    """Each missing key of a type is a problem of its own."""
    _, problems = read(f"- type: {kind}")
    assert [key for _, key, _ in problems] == [
        f"sinks[0].{name}" for name in SINK_TYPES[kind].needs
    ]


@pytest.mark.parametrize("kind", SINK_TYPES)
def test_types_name_only_keys_of_the_table(kind):
    """The keys of a type are rows of the table, none twice."""
    row = SINK_TYPES[kind]
    keys = [*row.needs, *row.takes]
    assert set(keys) <= SINK.keys()
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("- {url: http://x}", "sinks[0].type", "missing; it is influxdb1, "),
        ("- {type: influx}", "sinks[0].type", "did you mean influxdb"),
        ("- {type: sqlite, url: http://x}", "sinks[0].url", "not for a sink of type"),
        ("- {type: stdout, tokn: x}", "sinks[0].tokn", "unknown key (did you mean"),
        ("- {type: stdout, name: a/b}", "sinks[0].name", "part of file names"),
        ("- {type: stdout, schema: tydi}", "sinks[0].schema", "expected ha"),
        ("- {type: stdout, in_flight: 0}", "sinks[0].in_flight", "from 1 to 16"),
        ("- {type: stdout}\n- {type: stdout}", "sinks[1].name", "name of two sinks"),
        ("- {type: stdout, name: influxdb}", "sinks[0].name", "name of two sinks"),
        ("- stdout", "sinks[0]", "expected `key: value` lines"),
        ("{type: stdout}", "sinks", "expected a list of sinks, got a mapping"),
        (
            "- {type: victoriametrics, url: 'http://u:p@x'}",
            "sinks[0].url",
            "user name or password does not belong in an address",
        ),
    ],
)
def test_what_is_refused(text, key, message):
    """Each fault is one problem, with its key and what is expected."""
    _, problems = read(text, taken=("influxdb",))
    assert len(problems) == 1, problems
    assert problems[0][1] == key
    assert message in problems[0][2]
    assert "u:p" not in problems[0][2]


def made(env):
    """Return the sinks of an environment and the notes."""
    notes = []
    node = foreign_sinks(env, notes, named=False)
    problems = []
    sinks = read_sinks(node, problems)
    assert problems == []
    return sinks, notes


@pytest.mark.parametrize(
    ("env", "sink"),
    [
        (
            {"INFLUXDB_TOKEN": "t"},
            SinkSettings(
                name="influxdb",
                type="influxdb2",
                url="http://influxdb:8086",
                org="homeiq",
                bucket="home_assistant_events",
                token="t",
            ),
        ),
        (
            {
                "INFLUXDB_V2_URL": "http://a:1/",
                "INFLUXDB_V2_TOKEN": "t",
                "INFLUXDB_V2_ORG": "o",
                "INFLUXDB_BUCKET": "b",
                "INFLUXDB_V2_VERIFY_SSL": "false",
            },
            SinkSettings(
                name="influxdb",
                type="influxdb2",
                url="http://a:1",
                org="o",
                bucket="b",
                token="t",
                verify_ssl=False,
            ),
        ),
        (
            {"INFLUXDB3_HOST_URL": "http://a", "INFLUXDB3_DATABASE_NAME": "d"},
            SinkSettings(
                name="influxdb", type="influxdb3", url="http://a", database="d"
            ),
        ),
        (
            {"INFLUX_HOST": "a:8181", "INFLUX_TOKEN": "12", "INFLUX_DATABASE": "d"},
            SinkSettings(
                name="influxdb",
                type="influxdb3",
                url="http://a:8181",
                token="12",
                database="d",
            ),
        ),
        (
            {
                "INFLUX_HOST": "http://a",
                "INFLUX_TOKEN": "t",
                "INFLUX_ORG": "o",
                "INFLUX_BUCKET_NAME": "b",
            },
            SinkSettings(
                name="influxdb",
                type="influxdb2",
                url="http://a",
                token="t",
                org="o",
                bucket="b",
            ),
        ),
    ],
    ids=["homeiq", "client2", "client3", "influx3", "influx2"],
)
def test_families_of_names(env, sink):
    """Each family of names makes one sink; every name used is noted."""
    sinks, notes = made(env)
    assert sinks == [sink]
    assert sorted(note.split()[0] for note in notes) == sorted(env)


def test_bucket_alone_counts_for_nothing():
    """Organisation and bucket without address or token make no sink."""
    for env in (
        {"INFLUXDB_ORG": "o", "INFLUXDB_BUCKET": "b"},
        {"INFLUX_HOST": "a", "INFLUX_TOKEN": "t"},
        {"INFLUXDB_V2_TIMEOUT": "5"},
    ):
        sinks, notes = made(env)
        assert sinks == []
        assert sorted(note.split(" is not used")[0] for note in notes) == sorted(env)


def test_the_more_specific_family_wins():
    """Of two families the more specific is taken and the other noted."""
    sinks, notes = made(
        {
            "INFLUXDB3_HOST_URL": "http://three",
            "INFLUXDB3_DATABASE_NAME": "d",
            "INFLUX_HOST": "http://other",
            "INFLUX_DATABASE": "x",
        }
    )
    assert [sink.url for sink in sinks] == ["http://three"]
    assert [note for note in notes if "passed over" in note] == [
        "INFLUX_HOST is passed over: environment variable INFLUXDB3_HOST_URL comes first",
        (
            "INFLUX_DATABASE is passed over: "
            "environment variable INFLUXDB3_HOST_URL comes first"
        ),
    ]


def test_names_are_noted_where_the_settings_name_a_database():
    """With sinks of its own nothing is made, but nothing is ignored silently."""
    notes = []
    assert foreign_sinks({"INFLUXDB_URL": "http://x"}, notes, named=True) is None
    assert notes == ["INFLUXDB_URL is not used: the settings name a database"]
