"""Home Assistant's `influxdb:` block: what it may say and which sink it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.settings.block import CONNECTION, glob_problem, read_block, sink_of
from hiq.settings.document import Reader


def read(text):
    """Read the text of a block; returns it and its problems as line, key, message."""
    reader = Reader({})
    body = "".join(f"  {line}\n" for line in text.strip().split("\n"))
    tree = reader.text(f"influxdb:\n{body}", "c.yaml", Path("/conf"))
    block = read_block(tree.value["influxdb"], reader.problems)
    return block, [(p.line, p.key, p.message) for p in reader.problems]


def good(text):
    """Read a block that has no problem."""
    block, problems = read(text)
    assert problems == []
    return block


def bad(text):
    """Read a block that has exactly one problem."""
    _, problems = read(text)
    assert len(problems) == 1, problems
    return problems[0]


FULL = """
api_version: 2
host: db.local
port: 8087
path: /influx
ssl: false
verify_ssl: false
ssl_ca_cert: ca.pem
token: t
organization: o
bucket: b
precision: MS
max_retries: 3
default_measurement: units
measurement_attr: domain__device_class
override_measurement: all
tags: {source: HA, number: 5, flag: true}
tags_attributes: [friendly_name]
ignore_attributes: icon
component_config:
  Sensor.Kitchen: {override_measurement: x, ignore_attributes: [a]}
component_config_domain:
  climate: {ignore_attributes: a}
component_config_glob:
  sensor.*_power: {override_measurement: y}
include:
  domains: sensor
  entity_globs: ["binary_sensor.*"]
  entities: light.A, light.b
exclude:
  entities: [switch.x]
"""


def test_every_key_of_home_assistant():
    """All keys are taken; one text is a list, ids are lower case, tags are texts."""
    block = good(FULL)
    assert block["tags"] == {"source": "HA", "number": "5", "flag": "True"}
    assert block["ignore_attributes"] == ["icon"]
    assert block["component_config"] == {
        "sensor.kitchen": {"override_measurement": "x", "ignore_attributes": ["a"]}
    }
    assert block["include"] == {
        "domains": ["sensor"],
        "entity_globs": ["binary_sensor.*"],
        "entities": ["light.a", "light.b"],
    }
    assert (block["api_version"], block["precision"]) == ("2", "ms")
    assert block["ssl_ca_cert"] == "/conf/ca.pem"


def test_sink_of_version_1_by_default():
    """Any one key of the connection makes a sink, with Home Assistant's defaults."""
    sink = sink_of(good("host: 10.0.0.5"))
    assert (sink.name, sink.type, sink.url) == (
        "influxdb",
        "influxdb1",
        "http://10.0.0.5:8086",
    )
    assert (sink.database, sink.username, sink.verify_ssl) == (
        "home_assistant",
        None,
        True,
    )
    assert sink_of(good("database: x")).url == "http://localhost:8086"


def test_sink_of_version_2():
    """Version 2 defaults to the cloud, by https and without a port."""
    sink = sink_of(good("api_version: 2\ntoken: t\norganization: o"))
    assert sink.type == "influxdb2"
    assert sink.url == "https://us-west-2-1.aws.cloud2.influxdata.com"
    assert (sink.bucket, sink.org, sink.token) == ("Home Assistant", "o", "t")
    sink = sink_of(good(FULL))
    assert sink.url == "http://db.local:8087/influx"
    assert (sink.verify_ssl, sink.ca_cert) == (False, "/conf/ca.pem")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("path: /", "http://localhost:8086"),
        ("path: db", "http://localhost:8086/db"),
        ("ssl: true", "https://localhost:8086"),
        ("host: fe80::1", "http://[fe80::1]:8086"),
        ("host: '[::1]'\nport: 1", "http://[::1]:1"),
    ],
)
def test_addresses(text, url):
    """Path, scheme and IPv6 make one address."""
    assert sink_of(good(text)).url == url


def test_without_connection_there_is_no_sink():
    """The keys that only shape points make none, nor does an empty block."""
    assert sink_of(good("default_measurement: state\nmax_retries: 3")) is None
    assert sink_of({}) is None
    assert "max_retries" not in CONNECTION


def test_credentials_of_both_versions():
    """Both kinds of credentials are one problem, not four."""
    line, key, message = bad(
        "api_version: 2\nusername: u\npassword: p\ntoken: t\norganization: o"
    )
    assert (line, key) == (5, "influxdb.token")
    assert message.startswith("username and password belong to api_version 1, token")


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("username: u", "username", "password is missing"),
        ("password: p", "password", "username is missing"),
        ("api_version: 2\nhost: x", "token", "api_version 2 needs token"),
        ("api_version: 2\ntoken: t", "organization", "missing"),
        ("token: t\norganization: o", "token", "add the line `api_version: 2`"),
        ("api_version: 1\ntoken: t", "token", "but api_version is 1"),
        ("api_version: 2\nusername: u\npassword: p", "username", "only for api_v"),
        ("api_version: 3", "api_version", "expected 1 or 2"),
        ("host: http://x", "host", "without scheme"),
        ("host:", "host", "expected a text, got nothing"),
        ("port: 0", "port", "from 1 to 65535"),
        ("port: eight", "port", "from 1 to 65535"),
        ("ssl: maybe", "ssl", "expected true or false"),
        ("precision: m", "precision", "expected ms, s, us or ns"),
        ("measurement_attr: unit", "measurement_attr", "expected unit_of"),
        ("default_measurement: [a]", "default_measurement", "got a list"),
        ("tags: [a]", "tags", "expected `name: value` lines, got a list"),
        ("tags: {a: [1]}", "tags.a", "expected a text, got a list"),
        ("tags_attributes: {a: 1}", "tags_attributes", "got a mapping"),
        ("include: sensor", "include", "got the text 'sensor'"),
        ("include:", "include", "got nothing"),
        ("include: {domain: x}", "include.domain", "did you mean domains?"),
        ("include: {domains: [Sensor]}", "include.domains[0]", "a domain such as"),
        ("include: {entities: [sensor]}", "include.entities[0]", "entity id"),
        ("include: {entity_globs: 'a.[b'}", "include.entity_globs", "is not closed"),
        ("component_config: {sensor: {}}", "component_config", "entity id such"),
        ("component_config_glob: {'a.[': {}}", "component_config_glob", "bad glob"),
        ("component_config_domain: {a: {x: 1}}", "component_config_domain.a.x", "unk"),
        ("ignore_attributes: ['']", "ignore_attributes[0]", "name of an attribute"),
        ("max_retrys: 1", "max_retrys", "did you mean max_retries?"),
    ],
)
def test_what_is_refused(text, key, message):
    """Each fault is one problem, with its key and what is expected."""
    _, found_key, found = bad(text)
    assert found_key == f"influxdb.{key}"
    assert message in found


def test_all_problems_at_once():
    """Three faults are three problems, each with its line."""
    _, problems = read("host: http://x\nport: -1\ninclude:\n  domains: [A]\n  x: 1")
    assert [(line, key) for line, key, _ in problems] == [
        (2, "influxdb.host"),
        (3, "influxdb.port"),
        (5, "influxdb.include.domains[0]"),
        (6, "influxdb.include.x"),
    ]


def test_passwords_are_never_quoted():
    """A wrong secret is named by its key alone."""
    _, key, message = bad("username: u\npassword: [hunter2]")
    assert key == "influxdb.password"
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "pattern", ["*", "sensor.*", "a.b?", "a.[0-9]x", "a.[!a-c]*", "a.[]x]", "a.[-x]"]
)
def test_good_globs(pattern):
    """What can match some entity is taken."""
    assert glob_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "empty"),
        (" ", "empty"),
        ("a b", "spaces"),
        ("5", "without a dot"),
        ("a.[b", "closed"),
        ("a.[]", "closed"),
        ("a.[!]", "closed"),
        ("a.[z-a]", "backwards"),
        ("[a].[b", "closed"),
    ],
)
def test_bad_globs(pattern, why):
    """What can match nothing is refused with its reason."""
    assert why in glob_problem(pattern)
