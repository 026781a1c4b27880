"""`hiq query`: what it prints in each form, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.cli.query import iso, parse_time
from hiq.errors import StoreError
from hiq.sink.reader import Reader
from hiq.sink.store import Store

T0 = 1_700_000_000_000_000_000
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no settings lie about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("HIQ_CONFIG", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a store with two entities, written by the sink's own code."""
    store = Store(tmp_path / "hiq" / "sqlite.db")
    lines = [
        f'°C,domain=sensor,entity_id=a value={n}.5,state_str="t {n}" {T0 + n * 10**9}\n'
        for n in range(5)
    ]
    lines.append(f'light.b,domain=light,entity_id=b state="on" {T0}\n')
    store.write("".join(lines).encode())
    store.close()
    return store.path


def run(*arguments: str) -> Result:
    """Run the command in this process; errors of hiq come through."""
    result = CliRunner().invoke(cli, ["query", *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def test_sql_as_a_table(path: Path) -> None:
    """Columns are aligned under their names; the store of the defaults is found."""
    result = run("SELECT entity_id, count(*) AS n FROM points GROUP BY 1 ORDER BY 1")
    assert result.stdout.splitlines() == [
        "entity_id  n",
        "---------  --",
        "light.b    1",
        "sensor.a   10",
    ]
    assert result.return_value == 0


def test_sql_over_several_lines(path: Path) -> None:
    """White space of any kind parts the words of a statement."""
    result = run("SELECT\ncount(*)\nFROM\npoints")
    assert result.stdout.splitlines()[-1] == "11"


def test_a_reader_that_has_seen_enough(path: Path) -> None:
    """Piped into something that ends early, it ends quietly and well."""
    query = "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 200000)"
    done = subprocess.run(
        f"'{sys.executable}' -m hiq query --store {path} --limit 0 "
        f"'{query} SELECT i FROM n' | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_an_entity_as_csv(path: Path) -> None:
    """Rows of an entity have ISO times in UTC, oldest first."""
    result = run("sensor.a", "--field", "value", "--format", "csv", "--limit", "2")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["time"], row["value"]) for row in rows] == [
        ("2023-11-14T22:13:23.000000Z", "3.5"),
        ("2023-11-14T22:13:24.000000Z", "4.5"),
    ]


def test_an_entity_in_a_span_as_json(path: Path) -> None:
    """From and to are kept, and numbers stay numbers."""
    span = ("--from", "2023-11-14T22:13:21Z", "--to", "2023-11-14T22:13:23+00:00")
    result = run("sensor.*", "--field", "value", "--format", "json", *span)
    assert [row["value"] for row in json.loads(result.stdout)] == [1.5, 2.5]


def test_json_as_every_command_spells_it(path: Path) -> None:
    """--json is --format json."""
    assert json.loads(run("light.b", "--json").stdout)[0]["value"] == "on"
    assert run("light.b", "--json").stdout == run("light.b", "--format=json").stdout


def test_without_argument_the_series_are_listed(path: Path) -> None:
    """Who does not know what to ask for sees what there is."""
    lines = run().stdout.splitlines()
    assert lines[0].split() == ["entity_id", "measurement", "first", "last"]
    assert [line.split()[0] for line in lines[2:]] == ["light.b", "sensor.a"]


def test_a_limit_is_said(path: Path) -> None:
    """Rows beyond the limit are not shown, and that is said on stderr."""
    result = run("SELECT * FROM points", "--limit", "2", "--format", "csv")
    assert len(result.stdout.splitlines()) == 3
    assert "only 2 rows" in result.stderr
    result = run("SELECT * FROM points", "--limit", "0", "--format", "csv")
    assert len(result.stdout.splitlines()) == 12
    assert result.stderr == ""


def test_odd_cells(path: Path) -> None:
    """Nothing, blobs and line breaks have a form in every format."""
    query = "SELECT NULL AS a, x'01' AS b, 'x' || char(10) || 'y' AS c"
    assert run(query).stdout.splitlines()[-1].split() == ["01", "x", "y"]
    (row,) = json.loads(run(query, "--format", "json").stdout)
    assert row == {"a": None, "b": "01", "c": "x\ny"}
    (row,) = csv.DictReader(io.StringIO(run(query, "--format", "csv").stdout))
    assert row == {"a": "", "b": "01", "c": "x\ny"}


def test_no_rows_are_valid_output(path: Path) -> None:
    """An empty result is an empty table, a header, an empty list."""
    assert json.loads(run("sensor.none", "--format", "json").stdout) == []
    assert len(run("sensor.none").stdout.splitlines()) == 2
    assert len(run("sensor.none", "--format", "csv").stdout.splitlines()) == 1


def test_an_entity_without_points_is_said(path: Path) -> None:
    """Beside the empty table: where to look for what there is."""
    said = run("sensor.none").stderr
    assert said == "no point of sensor.none there; `hiq query` lists what is\n"
    assert run("sensor.a").stderr == ""


def test_a_named_file_needs_no_settings(path: Path, tmp_path: Path) -> None:
    """With --store no settings are read, not even broken ones."""
    (tmp_path / "hiq.yaml").write_text("sinks: [")
    result = run("--store", str(path), "SELECT count(*) FROM points")
    assert result.stdout.splitlines()[-1] == "11"


def test_the_store_of_the_settings(path: Path, tmp_path: Path) -> None:
    """The path of the sqlite sink is used; by name if there are several."""
    config = tmp_path / "other.yaml"
    config.write_text(
        f"data_dir: {tmp_path}\nsinks:\n"
        "  - {name: one, type: sqlite}\n"
        f"  - {{name: two, type: sqlite, path: {path}}}\n"
    )
    result = run("-c", str(config), "--sink", "two", "SELECT count(*) FROM points")
    assert result.stdout.splitlines()[-1] == "11"
    with pytest.raises(StoreError, match=r"one\.db"):
        run("-c", str(config))


def test_settings_without_a_store(tmp_path: Path) -> None:
    """Who has no embedded store is told so."""
    config = tmp_path / "other.yaml"
    config.write_text(
        "sinks:\n  - {name: one, type: influxdb1, url: 'http://h:1', database: x}\n"
    )
    with pytest.raises(click.UsageError, match="no embedded store"):
        run("-c", str(config))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "-1h", "SELECT 1"),
        ("--field", "value"),
        ("--from", "yesterday", "sensor.a"),
        ("--from", "-1x", "sensor.a"),
        ("--limit", "-1", "sensor.a"),
        ("--format", "xml"),
    ],
)
def test_wrong_usage(path: Path, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is refused as usage, exit status 2."""
    with pytest.raises(click.UsageError) as caught:
        run(*arguments)
    assert caught.value.exit_code == 2


def test_errors_of_the_store_come_through(path: Path) -> None:
    """Wrong SQL and attempts to write are errors in the words of SQLite."""
    with pytest.raises(StoreError, match="no such column"):
        run("SELECT nope FROM points")
    with pytest.raises(StoreError, match=r"readonly|not authorized"):
        run("WITH x AS (SELECT 1) DELETE FROM samples")


def test_backup(path: Path, tmp_path: Path) -> None:
    """The copy is a store with the same points."""
    target = tmp_path / "copy.db"
    result = run("--backup", str(target))
    assert "copied" in result.stderr
    with Reader(target) as reader:
        assert list(reader.sql("SELECT count(*) FROM points")[1]) == [(11,)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("-1h", NOW - timedelta(hours=1)),
        ("-1h30m", NOW - timedelta(minutes=90)),
        ("-7d", NOW - timedelta(days=7)),
        ("2026-11-20T11:00:00.000001Z", NOW - timedelta(hours=1, microseconds=-1)),
        ("2026-11-20T12:00:00+01:00", NOW - timedelta(hours=1)),
        (str(int(NOW.timestamp())), NOW),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    """Relative, absolute and epoch times are understood, to the microsecond."""
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert parse_time(text, NOW) == expected * 1000


def test_a_time_without_offset_is_local() -> None:
    """A person means the clock on the wall."""
    local = datetime(2026, 11, 20, 8, 30).astimezone().astimezone(UTC)
    assert parse_time("2026-11-20 08:30", NOW) == int(local.timestamp()) * 10**9


def test_times_beyond_the_calendar_are_shown_as_numbers() -> None:
    """A stamp that has no date is still shown."""
    assert iso((1 << 63) - 1) == "2262-04-11T23:47:16.854775Z"
    assert iso(1500) == "1970-01-01T00:00:00.000001Z"


def test_control_characters_do_not_reach_the_terminal(path: Path) -> None:
    """A name with an escape sequence is shown, not executed."""
    shown = run("SELECT char(27) || '[2J' || char(155) || 'x' AS name").stdout
    assert shown.splitlines()[2] == "\ufffd[2J\ufffdx"


@pytest.mark.parametrize("text", ["DROP TABLE points", "SELEC 1", "DELETE FROM points"])
def test_what_is_neither_entity_nor_query(path: Path, text: str) -> None:
    """It is refused, and not looked up as an entity that is not there."""
    with pytest.raises(click.UsageError, match="SELECT"):
        run(text)
