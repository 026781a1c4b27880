"""Environment names that users of other programs already have."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.settings.document import Reader
from hiq.settings.foreign import ALIASES, UNUSED, add_foreign, address
from hiq.settings.table import SECTIONS


def filled(env, text="x: 1"):
    """Return the plain tree after the names were added, and the notes."""
    notes = []
    tree = Reader({}).text(text, "c.yaml", Path())
    plain = add_foreign(tree, env, notes).plain()
    plain.pop("x", None)
    return plain, notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ws://ha:8123/api/websocket", "http://ha:8123"),
        ("wss://ha/api/websocket/", "https://ha"),
        ("ha.local:8123", "http://ha.local:8123"),
        ("abc.ui.nabu.casa", "https://abc.ui.nabu.casa"),
        ("http://http-proxy.local:8123/", "http://http-proxy.local:8123"),
        (" https://x/base ", "https://x/base"),
    ],
)
def test_addresses(text, expected):
    """An address becomes http or https without API path; hosts are never edited."""
    assert address(text) == expected


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.key)
def test_every_alias_sets_its_key(alias):
    """Each name alone sets its setting and is noted by name."""
    for name in alias.names:
        env = {name: "5"}
        if "fallback" in alias.key:
            env["NABU_CASA_URL"] = "https://x.ui.nabu.casa"
        plain, notes = filled(env)
        section, *path = alias.key.split(".")
        assert section in plain
        value = plain
        for key in (section, *path):
            value = value[key]
        assert f"{name} sets {alias.key}" in notes


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.key)
def test_aliases_name_real_settings(alias):
    """The key of each alias is a row of the table."""
    section, *_, key = alias.key.split(".")
    assert key in SECTIONS[section]


def test_the_first_of_two_names_wins():
    """Two names with different values: the first counts, the other is noted."""
    plain, notes = filled({"HOME_ASSISTANT_TOKEN": "b", "HA_TOKEN": "a"})
    assert plain["home_assistant"]["token"] == "a"
    assert notes == [
        "HA_TOKEN sets home_assistant.token",
        "HOME_ASSISTANT_TOKEN is passed over: HA_TOKEN has another value and comes first",
    ]
    assert "b" not in notes[1].split()


def test_two_names_that_agree_are_fine():
    """The same server by http and by ws is no contradiction."""
    plain, notes = filled(
        {"HA_HTTP_URL": "http://ha:1", "HA_WS_URL": "ws://ha:1/api/websocket"}
    )
    assert plain["home_assistant"]["url"] == "http://ha:1"
    assert notes == ["HA_WS_URL sets home_assistant.url"]


def test_the_file_comes_first():
    """What the file sets stays, and the name is noted as not used."""
    plain, notes = filled({"LOG_LEVEL": "DEBUG"}, "log: {level: error}")
    assert plain == {"log": {"level": "error"}}
    assert notes == ["LOG_LEVEL not used: log.level is set already"]


def test_a_token_file_counts_as_a_token():
    """HA_TOKEN does not beat a token file of the settings."""
    plain, notes = filled({"HA_TOKEN": "a"}, "home_assistant: {token_file: /t}")
    assert plain == {"home_assistant": {"token_file": "/t"}}
    assert notes == ["HA_TOKEN not used: home_assistant.token is set already"]


def test_empty_values_are_no_values():
    """Compose files pass empty variables on; they set nothing."""
    assert filled({"HA_TOKEN": "", "LOG_LEVEL": " ", "MAX_WORKERS": ""}) == ({}, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("journal", "block"), ("drop_oldest", "drop_oldest"), ("keep", "keep")],
)
def test_overflow_strategy(value, expected):
    """HomeIQ's strategy maps to journal.when_full; a wrong one is left to be refused."""
    plain, _ = filled({"INFLUXDB_OVERFLOW_STRATEGY": value})
    assert plain["journal"]["when_full"] == expected


def test_log_levels_of_others():
    """WARN, CRITICAL and TRACE have a nearest level here."""
    levels = {
        name: filled({"LOG_LEVEL": name})[0]["log"]["level"]
        for name in ("INFO", "WARN", "CRITICAL", "trace")
    }
    assert levels == {
        "INFO": "info",
        "WARN": "warning",
        "CRITICAL": "error",
        "trace": "debug",
    }


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_unused_names_are_noted(name):
    """A name without counterpart is never ignored silently."""
    plain, notes = filled({name: "x"})
    assert plain == {}
    assert notes == [f"{name} is not used: {UNUSED[name]}"]


def test_weather_names_are_noted():
    """The whole family is unused."""
    assert filled({"WEATHER_API_KEY": "x"})[1] == [
        "WEATHER_API_KEY is not used: hiq has no such setting"
    ]


def test_a_fallback_needs_an_address():
    """A cloud token alone makes no fallback."""
    plain, notes = filled({"NABU_CASA_TOKEN": "x"})
    assert plain == {}
    assert notes == ["NABU_CASA_TOKEN not used: home_assistant.fallback has no address"]


def test_supervisor():
    """With nothing else set the Supervisor's token brings its address along."""
    plain, notes = filled({"SUPERVISOR_TOKEN": "s"})
    assert plain == {"home_assistant": {"url": "http://supervisor/core", "token": "s"}}
    assert notes == ["SUPERVISOR_TOKEN sets home_assistant.url and .token"]


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("home_assistant: {url: 'http://supervisor/core'}", "s"),
        ("home_assistant: {url: 'http://ha.local:8123'}", None),
        ("home_assistant: {url: 'http://['}", None),
        ("home_assistant: {token: t}", "t"),
    ],
)
def test_the_supervisors_token_opens_no_other_door(text, token):
    """Its token goes to the Supervisor only."""
    plain, _ = filled({"SUPERVISOR_TOKEN": "s"}, text)
    assert plain["home_assistant"].get("token") == token


def test_systemd_credential(tmp_path):
    """LoadCredential=ha_token:... is a token file."""
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert filled(env) == ({}, [])
    (tmp_path / "ha_token").write_text("t")
    plain, notes = filled(env)
    assert plain == {"home_assistant": {"token_file": str(tmp_path / "ha_token")}}
    assert notes == ["the credential ha_token sets home_assistant.token_file"]
    assert filled({**env, "HA_TOKEN": "x"})[0] == {"home_assistant": {"token": "x"}}
