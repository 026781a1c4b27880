"""Settings from all layers, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.errors import ConfigError
from hiq.settings import Settings, SinkSettings, load
from hiq.settings.hosts import is_loopback

TOKEN = "t" * 40
ENV = {"HOME": "/home/u"}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a hiq.yaml into the working directory; returns its path."""
    monkeypatch.chdir(tmp_path)

    def writer(text):
        path = tmp_path / "hiq.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return writer


def problems(path, env=ENV, **overrides):
    """Return line, key, message of each problem of a file."""
    with pytest.raises(ConfigError) as caught:
        load(path, env=env, overrides=overrides)
    return [(p.line, p.key, p.message) for p in caught.value.problems]


def test_nothing_at_all(tmp_path, monkeypatch):
    """Without file and environment everything has its default, one store included."""
    monkeypatch.chdir(tmp_path)
    settings = load(env={"XDG_DATA_HOME": "/x", "XDG_CONFIG_HOME": str(tmp_path)})
    assert settings.source is None
    assert settings.home_assistant.url == "http://homeassistant.local:8123"
    assert settings.sinks == (SinkSettings(name="sqlite", type="sqlite"),)
    assert settings.notes == ("no database is set: points go to the embedded store",)
    assert settings.schemas == ("ha",)
    assert settings.pipeline_options == {"schema": ["ha"]}


def test_a_whole_file(write):
    """Every section is read, with durations in seconds and sizes in bytes."""
    path = write(
        f"""
home_assistant:
  url: wss://ha.local/api/websocket
  token: {TOKEN}
  max_message_bytes: 128MiB
  fallback: {{url: https://x.ui.nabu.casa, token_file: cloud}}
sinks:
  - {{type: stdout}}
journal: {{commit: 5s, max_bytes: 1GiB, when_full: drop_oldest, keep: 1h, path: j}}
http:
  host: 0.0.0.0
  port: 0
  auth: jwt
  cors_origins: [https://a, https://b]
backfill: {{enabled: false, first_start: 7d}}
log: {{level: debug, format: json}}
data_dir: data
"""
    )
    settings = load(path, env=ENV)
    folder = path.parent
    assert settings.home_assistant.max_message_bytes == 128 * 2**20
    assert settings.home_assistant.fallback.token_file == str(folder / "cloud")
    assert settings.journal.commit == 5.0
    assert settings.journal_path == folder / "j"
    assert settings.http.cors_origins == ("https://a", "https://b")
    assert settings.backfill.first_start == 604800.0
    assert settings.log.level == "debug"
    assert settings.data_dir == folder / "data"
    assert settings.source == str(path)
    assert settings.notes == ()


def test_precedence(write):
    """Command line > HIQ_* > file > foreign names > default."""
    path = write("log: {level: error}\n")
    layers = {"LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
    assert load(path, env=layers).log.level == "error"
    assert load(path, env=layers).log.format == "json"
    layers["HIQ_LOG__LEVEL"] = "warning"
    assert load(path, env=layers).log.level == "warning"
    settings = load(path, env=layers, overrides={"log.level": "info"})
    assert settings.log.level == "info"


def test_a_block_and_a_token_are_enough(write):
    """Home Assistant's block with HA_TOKEN makes a sink and a login."""
    path = write("influxdb:\n  host: 127.0.0.1\n  port: 8232\n")
    settings = load(path, env={**ENV, "HA_TOKEN": TOKEN})
    assert settings.home_assistant.token == TOKEN
    assert [(s.name, s.url) for s in settings.sinks] == [
        ("influxdb", "http://127.0.0.1:8232")
    ]
    assert settings.notes == ("HA_TOKEN sets home_assistant.token",)


def test_a_block_without_connection_shapes_only(write):
    """Then the sinks are those of the list, or the embedded store, and a note says so."""
    path = write("influxdb:\n  default_measurement: state\n")
    settings = load(path, env=ENV)
    assert [s.type for s in settings.sinks] == ["sqlite"]
    assert settings.notes[0].startswith("influxdb: has no key of a connection")
    assert settings.pipeline_options["default_measurement"] == "state"
    path = write("influxdb:\n  tags: {a: b}\nsinks: [{type: stdout}]\n")
    assert [s.type for s in load(path, env=ENV).sinks] == ["stdout"]


def test_an_empty_block(write):
    """`influxdb:` alone is a block without keys, as in Home Assistant."""
    settings = load(write("influxdb:\n"), env=ENV)
    assert settings.influxdb == {}
    assert [s.type for s in settings.sinks] == ["sqlite"]


def test_block_and_list_together(write):
    """The block's sink comes first; its name is taken."""
    path = write("influxdb: {host: a}\nsinks: [{type: sqlite}]\n")
    assert [s.name for s in load(path, env=ENV).sinks] == ["influxdb", "sqlite"]
    path = write("influxdb: {host: a}\nsinks: [{type: sqlite, name: influxdb}]\n")
    assert problems(path)[0][1] == "sinks[0].name"


def test_sinks_of_the_environment(write):
    """Names of other programs make a sink where the file names no database."""
    env = {**ENV, "INFLUXDB_URL": "http://db:8086", "INFLUXDB_TOKEN": "x"}
    path = write("log: {level: info}\n")
    assert [s.type for s in load(path, env=env).sinks] == ["influxdb2"]
    path = write("sinks: [{type: stdout}]\n")
    assert [s.type for s in load(path, env=env).sinks] == ["stdout"]


def test_all_problems_at_once(write):
    """Five faults are five problems, ordered by line, each with its key."""
    path = write(
        """homeassistant_: {}
home_assistant:
  tokn: x
journal:
  commit: soon
http: {port: 99999}
influxdb: {username: !secret u, password: p}
"""
    )
    found = problems(path)
    assert [(line, key) for line, key, _ in found] == [
        (1, "homeassistant_"),
        (3, "home_assistant.tokn"),
        (5, "journal.commit"),
        (6, "http.port"),
        (7, ""),
    ]
    assert "did you mean home_assistant?" in found[0][2]
    assert "did you mean token?" in found[1][2]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("home_assistant: {url: 'htp://x'}", "home_assistant.url", "http://host:port"),
        ("home_assistant: {url: 'ha:8123'}", "home_assistant.url", "beginning with"),
        ("home_assistant: {url: 'http://'}", "home_assistant.url", "the host"),
        ("home_assistant: {url: 'http://a b'}", "home_assistant.url", "host"),
        ("home_assistant: {url: 'http://a:99999'}", "home_assistant.url", "range"),
        ("home_assistant: {url: 'http://a/?x'}", "home_assistant.url", "without spa"),
        ("home_assistant: {url: [a]}", "home_assistant.url", "expected a text"),
        ("home_assistant: {token: short}", "home_assistant.token", "32 to 300"),
        ("home_assistant: {token: yes}", "home_assistant.token", "put it in quotes"),
        ("home_assistant: x", "home_assistant", "expected `key: value` lines"),
        (
            f"home_assistant: {{token: {TOKEN}, token_file: x}}",
            "home_assistant.token",
            "not both",
        ),
        (
            "home_assistant: {fallback: {token_file: x}}",
            "home_assistant.fallback.url",
            "missing",
        ),
        (
            "home_assistant: {fallback: {url: 'http://a', enabled: true}}",
            "home_assistant.fallback.enabled",
            "unknown key",
        ),
        ("home_assistant: {fallback: x}", "home_assistant.fallback", "expected `key"),
        ("journal: {path: ''}", "journal.path", "expected a path"),
        ("journal: {max_bytes: lots}", "journal.max_bytes", "expected a size"),
        ("journal: {max_bytes: 1MiB}", "journal.max_bytes", "at least 32MiB"),
        ("journal: {when_full: explode}", "journal.when_full", "block, drop_oldest or"),
        ("http: {host: 'http://x'}", "http.host", "without scheme"),
        ("http: {host: 0.0.0.0, auth: none}", "http.auth", "none is refused"),
        ("http: {tls_cert: a}", "http.tls_cert", "or neither"),
        ("http: {cors_origins: {a: b}}", "http.cors_origins", "expected a text"),
        ("backfill: {rate: 0}", "backfill.rate", "not below 1"),
        ("log: {level: loud}", "log.level", "debug, info, warning or error"),
        ("data_dir: [a]", "data_dir", "expected a text"),
        ("jornal: {}", "jornal", "unknown key (did you mean journal?)"),
        ("xyz: {}", "xyz", "unknown key; known are home_assistant, "),
        ("- a", "", "this is not a hiq.yaml"),
        ("just text", "", "this is not a hiq.yaml"),
        ("a: [", "", "this is not YAML"),
        ("home_assistant: {token: !secret t}", "", "!secret t: there is no "),
    ],
)
def test_what_is_refused(write, text, key, message):
    """Each fault is exactly one problem with line, key and what is expected."""
    found = problems(write(f"\n{text}\n"))
    assert len(found) == 1, found
    assert found[0][0] >= 2
    assert found[0][1] == key
    assert message in found[0][2]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_no_login_on_loopback(write, host):
    """`auth: none` is taken where only this machine can come."""
    path = write(f"http: {{host: '{host}', auth: none}}\n")
    assert load(path, env=ENV).http.auth == "none"
    assert is_loopback(host)
    assert not is_loopback("192.168.1.1")


def test_the_configuration_of_home_assistant(write):
    """A whole configuration.yaml is one problem that says what to do."""
    path = write("default_config:\nautomation: !include automations.yaml\n")
    found = problems(path)
    assert len(found) == 1
    assert f"`hiq config import {path}` makes a hiq.yaml of it" in found[0][2]


def test_a_named_file_must_be_there(tmp_path):
    """A file that was named and is not there is a problem."""
    found = problems(tmp_path / "none.yaml")
    assert len(found) == 1
    assert found[0][2] == "cannot read it: No such file or directory"


def test_problems_of_the_environment_name_the_variable(write):
    """A bad value says which variable holds it, and it never quotes a secret."""
    env = {**ENV, "HIQ_HTTP__PORT": "x", "HIQ_HOME_ASSISTANT__TOKEN": "hunter2"}
    with pytest.raises(ConfigError) as caught:
        load(write("log: {}\n"), env=env)
    assert [(p.where, p.line, p.key) for p in caught.value.problems] == [
        ("environment variable HIQ_HOME_ASSISTANT__TOKEN", 0, "home_assistant.token"),
        ("environment variable HIQ_HTTP__PORT", 0, "http.port"),
    ]
    assert "hunter2" not in str(caught.value)


def test_unknown_overflow_strategy_refuses_to_start(write):
    """A strategy that nobody knows is not taken for another one."""
    env = {**ENV, "INFLUXDB_OVERFLOW_STRATEGY": "keep"}
    assert problems(write("log: {}\n"), env)[0][1] == "journal.when_full"


def test_null_is_the_default(write):
    """A key without a value, or a section without keys, is as if it were absent."""
    settings = load(write("journal:\nlog:\n  level:\nsinks:\n"), env=ENV)
    assert settings.log.level == "info"
    assert settings.journal.commit == 0.25


def test_secrets_are_in_no_repr(write):
    """Neither settings nor sections show a token or a password."""
    path = write(
        f"""
home_assistant: {{token: {TOKEN}, fallback: {{url: 'http://b', token: {"f" * 40}}}}}
influxdb: {{username: u, password: hunter22}}
sinks:
- {{type: influxdb3, url: 'http://a', database: d, token: sinktoken}}
"""
    )
    settings = load(path, env=ENV)
    secrets = (TOKEN, "f" * 40, "hunter22", "sinktoken")
    assert set(settings.secrets) == set(secrets)
    for item in (settings, settings.home_assistant, *settings.sinks):
        assert not any(secret in repr(item) for secret in secrets)


def test_properties_of_settings():
    """Journal folder and schemas follow from the rest."""
    two = tuple(SinkSettings(name=n, type="stdout") for n in "ab")
    settings = Settings(data_dir=Path("/d"), sinks=two)
    assert settings.journal_path == Path("/d/journal")
    assert settings.schemas == ("ha",)


def test_home_folders(write):
    """`~` is the home folder, and one of nobody is a problem."""
    path = write("data_dir: ~/hiq\n")
    assert load(path, env=ENV).data_dir == Path.home() / "hiq"
    found = problems(write("data_dir: ~nobody_of_this_name/x\n"))
    assert found[0][1] == "data_dir"
    assert "home folder" in found[0][2]
