"""Settings that may be shown: masked, and readable again."""

from __future__ import annotations

import json

import yaml

from hiq.settings import load
from hiq.settings.show import MASKED, public

ENV = {"HOME": "/home/u"}
TEXT = """
home_assistant:
  url: https://ha.local:8123
  token_file: /run/token
  fallback: {url: https://b, token_file: /run/b}
influxdb:
  api_version: 2
  host: db
  token: sinksecret
  organization: o
  tags: {source: HA}
  component_config: {light.a: {ignore_attributes: [x]}}
sinks:
- {type: sqlite, retention: 30d, max_bytes: 1GiB}
- {type: influxdb1, url: 'http://x', database: d, username: u, password: pass}
journal: {commit: 5s, keep: 0}
http: {cors_origins: [https://a]}
"""


def test_secrets_are_masked(tmp_path):
    """No secret of the file is in what is shown."""
    path = tmp_path / "hiq.yaml"
    path.write_text(TEXT)
    shown = public(load(path, env={**ENV, "HIQ_HOME_ASSISTANT__TOKEN": "t" * 40}))
    text = json.dumps(shown)
    assert not any(word in text for word in ("sinksecret", '"pass"', "t" * 40))
    assert shown["home_assistant"]["token"] == MASKED
    assert shown["influxdb"]["token"] == MASKED


def test_what_is_shown_can_be_read_again(tmp_path):
    """Shown settings, written as YAML, are the same settings but for the secrets."""
    path = tmp_path / "hiq.yaml"
    path.write_text(TEXT)
    first = public(load(path, env=ENV))
    path.write_text(yaml.safe_dump(first))
    assert public(load(path, env=ENV)) == first


def test_units_are_those_of_people(tmp_path):
    """Durations and sizes are shown with units, the block's sink as the block."""
    path = tmp_path / "hiq.yaml"
    path.write_text(TEXT)
    shown = public(load(path, env=ENV))
    assert shown["journal"]["commit"] == "5s"
    assert shown["journal"]["max_bytes"] == "2GiB"
    assert shown["http"]["cors_origins"] == ["https://a"]
    assert [sink["type"] for sink in shown["sinks"]] == ["sqlite", "influxdb1"]
    assert shown["sinks"][0]["retention"] == "30d"
    assert "enabled" not in shown["home_assistant"]["fallback"]


def test_defaults_are_shown(tmp_path):
    """Without any setting the embedded store is in the list."""
    path = tmp_path / "hiq.yaml"
    path.write_text("")
    shown = public(load(path, env=ENV))
    assert [sink["type"] for sink in shown["sinks"]] == ["sqlite"]
    assert "influxdb" not in shown
    assert shown["data_dir"] == "/home/u/.local/share/hiq"
