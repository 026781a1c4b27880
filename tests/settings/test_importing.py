"""The block of a configuration.yaml, taken as it is written."""

from __future__ import annotations

import pytest

from hiq.errors import ConfigError
from hiq.settings import load
from hiq.settings.importing import import_block

CONFIGURATION = """\
default_config:
automation: !include_dir_merge_list automations
# the database
influxdb:
  # mine
  host: localhost   # here
  username: !secret influx_user
  password: !secret influx_password

# at the margin
  include:
    domains:
      - sensor
  # still inside

# of the sensors
sensor: !include sensors.yaml
"""
SECRETS = "influx_user: u\ninflux_password: p\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with secrets."""
    (tmp_path / "secrets.yaml").write_text(SECRETS)
    return tmp_path


def test_comments_and_secrets_stay(folder):
    """The block keeps its comments and tags; other keys do not disturb."""
    path = folder / "configuration.yaml"
    path.write_text(CONFIGURATION)
    found = import_block(path, {})
    block = found.text.split("influxdb:\n", 1)[1]
    assert block.startswith("  # mine\n  host: localhost   # here\n")
    assert "  username: !secret influx_user\n" in block
    assert "      - sensor\n" in block
    assert "of the sensors" not in block
    assert found.secrets == ("influx_user", "influx_password")
    assert found.makes_sink


def test_the_result_is_a_good_hiq_yaml(folder):
    """What comes out is read with the meaning that it had."""
    path = folder / "configuration.yaml"
    path.write_text(CONFIGURATION)
    made = folder / "hiq.yaml"
    made.write_text(import_block(path, {}).text)
    settings = load(made, env={"HOME": "/h"})
    assert settings.influxdb["include"] == {"domains": ["sensor"]}
    assert (settings.sinks[0].username, settings.sinks[0].password) == ("u", "p")


@pytest.mark.parametrize(
    "text",
    [
        "influxdb: {host: a, port: 1}\n",
        "influxdb:\n        host: a\n        port: 1\nzone: x\n",
        (
            "homeassistant:\n  packages:\n    db:\n      influxdb:\n        host: a\n"
            "        port: 1\n"
        ),
        "influxdb: !include db.yaml\n",
    ],
    ids=["flow", "deep", "package", "include"],
)
def test_all_ways_to_write_it(folder, text):
    """Flow style, deep indent, a package and a file of its own give the same block."""
    (folder / "db.yaml").write_text("---\nhost: a\nport: 1\n")
    path = folder / "configuration.yaml"
    path.write_text(text)
    made = folder / "hiq.yaml"
    made.write_text(import_block(path, {}).text)
    assert load(made, env={"HOME": "/h"}).influxdb == {"host": "a", "port": 1}


def test_a_block_without_connection(folder):
    """It is imported, and told apart."""
    path = folder / "configuration.yaml"
    path.write_text("influxdb:\n  default_measurement: x\n")
    assert not import_block(path, {}).makes_sink


def test_secrets_are_needed_later_only(tmp_path):
    """A file copied away from its secrets can be imported; they are named."""
    path = tmp_path / "configuration.yaml"
    path.write_text("influxdb:\n  username: !secret none\n  password: !env_var P\n")
    found = import_block(path, {})
    assert found.secrets == ("none",)
    assert found.makes_sink


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("default_config:\n", 0, "there is no `influxdb:` block here"),
        ("- a\n", 0, "there is no `influxdb:` block here"),
        ("a: [\n", 2, "this is not YAML"),
        ("a: \x01\n", 0, "this is not YAML"),
        ("x: 1\ninfluxdb:\n  host: a\n  prot: 1\n", 4, "did you mean port?"),
        ("x: 1\ninfluxdb:\n  # a\n\n  host: a\n  prot: 1\n", 6, "did you mean port?"),
        ("influxdb: !include gone.yaml\n", 0, "gone.yaml: No such file"),
    ],
)
def test_what_cannot_be_imported(folder, text, line, message):
    """Problems carry the lines of the file that was given."""
    path = folder / "configuration.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        import_block(path, {})
    (problem,) = caught.value.problems
    assert problem.line == line
    assert message in str(problem)


def test_not_text(folder):
    """A file of other bytes is one problem."""
    path = folder / "configuration.yaml"
    path.write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        import_block(path, {})


def test_packages_are_merged_as_home_assistant_does(folder):
    """Lists grow, mappings are merged, of two values the first counts and is noted."""
    (folder / "configuration.yaml").write_text(
        "homeassistant:\n  packages:\n"
        "    a: {influxdb: {tags: {x: 1}, include: {domains: light}}}\n"
        "    b: {influxdb: {tags: {x: 2, y: 3}, include: {domains: [sun]}}}\n"
        "    c: {influxdb: {port: 9, host: b}, other: 1}\n"
        "    d: {influxdb: }\n"
        "influxdb:\n  # lost\n  host: a\n  port:\n"
    )
    found = import_block(folder, {})
    assert found.block == (
        "influxdb:\n  host: a\n  port: 9\n  tags: {x: 1}\n"
        "  include: {domains: [light, sun]}\n"
    )
    assert [note.split(":")[0] for note in found.notes] == [
        "package b sets influxdb.tags.x, which is set already",
        "package c sets influxdb.host, which is set already",
    ]


def test_a_problem_of_a_block_put_together_has_no_line(folder):
    """It names file and key."""
    path = folder / "configuration.yaml"
    path.write_text("influxdb:\n  host: a\n  include: !include i.yaml\n")
    (folder / "i.yaml").write_text("domain: sun\n")
    with pytest.raises(ConfigError, match=r"include\.domain: unknown key") as caught:
        import_block(path, {})
    assert caught.value.problems[0].line == 0


def test_a_certificate_beside_it(folder):
    """A relative path means another folder; that is said."""
    path = folder / "configuration.yaml"
    path.write_text("influxdb:\n  ssl_ca_cert: ca.pem\n")
    (note,) = import_block(path, {}).notes
    assert "ca.pem is looked for beside hiq.yaml" in note


ANCHORED = """\
.globs: &globs
  - sensor.*_power
.base: &base
  host: db
influxdb:
  <<: *base
  port: 8087
  include:
    entity_globs: *globs
"""


def test_anchors_of_other_blocks_are_written_out(folder):
    """The block alone would not know them."""
    path = folder / "configuration.yaml"
    path.write_text(ANCHORED)
    made = folder / "hiq.yaml"
    made.write_text(import_block(path, {}).text)
    settings = load(made, env={"HOME": "/h"})
    assert settings.sinks[0].url == "http://db:8087"
    assert settings.pipeline_options["include"]["entity_globs"] == ["sensor.*_power"]


def test_anchors_within_the_block_stay(folder):
    """They are part of it, and so are its comments."""
    path = folder / "configuration.yaml"
    path.write_text(
        "influxdb:\n  # mine\n  include:\n    entities: &those [light.a]\n"
        "  exclude:\n    entities: *those\n"
    )
    assert "  # mine\n" in import_block(path, {}).text


def test_an_empty_included_file_is_an_empty_block(folder):
    """And not the file that includes it."""
    path = folder / "configuration.yaml"
    path.write_text("homeassistant:\n  name: x\ninfluxdb: !include influxdb.yaml\n")
    (folder / "influxdb.yaml").write_text("# nothing yet\n")
    found = import_block(path, {})
    assert "homeassistant:" not in found.block
    assert not found.makes_sink
