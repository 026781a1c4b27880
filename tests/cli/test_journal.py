"""`hiq journal` on real folders, and dead letters sent to a real store."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hiq.cli import cli
from hiq.cli.bar import Bar
from hiq.deadletters import DeadLetter, DeadLetters
from hiq.errors import JournalError, JournalLocked
from hiq.journal.journal import Entry, Journal
from hiq.journal.segment import HEADER_SIZE
from hiq.settings.schema import JournalSettings
from hiq.sink.reader import Reader
from hiq.stats import JournalStats

BASE_NS = 1_795_197_600 * 10**9


def opened(path):
    """The journal in a folder."""
    return Journal.open(path, JournalSettings(min_free_bytes=0), JournalStats())


@pytest.fixture
def folder(tmp_path):
    """A data folder with a journal of three records and a sink that has one."""
    journal = opened(tmp_path / "journal")
    cursor = journal.cursor("store", "ha")
    for n in range(3):
        times = [BASE_NS + (10 * n + i) * 10**9 for i in range(4)]
        lines = b"".join(b"m,e=a v=%d %d\n" % (n, at) for at in times)
        entry = Entry(gzip.compress(lines), 4, times[0], times[-1])
        journal.append([("ha", entry)])
    cursor.advance(cursor.read(4, 10**6).end)
    journal.close()
    (tmp_path / "hiq.yaml").write_text(
        f"data_dir: {tmp_path}\nsinks: [{{name: store, type: sqlite}}]\n"
    )
    return tmp_path


def run(folder, *arguments):
    """Run `hiq journal`, with the settings of the folder."""
    config = ["--config", str(folder / "hiq.yaml")]
    return CliRunner().invoke(
        cli, ["journal", *arguments, *config], standalone_mode=False
    )


def segment(folder):
    (path,) = (folder / "journal" / "ha").glob("*.seg")
    return path


def hurt(folder):
    """Damage the body of the second record."""
    data = bytearray(segment(folder).read_bytes())
    data[len(data) // 3 + HEADER_SIZE + 20] ^= 1
    segment(folder).write_bytes(data)


def test_ls(folder):
    """Files, spans and places, for people and as JSON."""
    result = run(folder, "ls")
    assert result.return_value == 0
    assert "3 records" in result.output
    assert "2026-11-20T18:00:00.000000Z .. 2026-11-20T18:00:23.000000Z" in result.output
    assert "sink store, ha: at record 1, 8 points are pending" in result.output
    found = json.loads(run(folder, "ls", "--json").output)
    assert (found["ok"], found["owner"]) == (True, None)
    assert found["segments"][0]["points"] == 12
    assert found["segments"][0]["first"] == "2026-11-20T18:00:00.000000Z"


def test_verify_says_what_is_lost(folder):
    """Status 0 and 1; points and span are named."""
    assert run(folder, "verify").return_value == 0
    hurt(folder)
    result = run(folder, "verify")
    assert result.return_value == 1
    assert "damaged records; 4 points lost, 2026-11-20T18:00:10" in result.output
    found = json.loads(run(folder, "verify", "--json").output)
    (finding,) = found["findings"]
    assert (found["ok"], finding["points"], finding["span"]["exact"]) == (
        False,
        4,
        True,
    )
    assert finding["span"]["last"] == "2026-11-20T18:00:13.000000Z"


def test_repair_needs_the_journal_for_itself(folder):
    """While a service runs: refused, with its process; then it works."""
    hurt(folder)
    journal = opened(folder / "journal")
    result = run(folder, "repair")
    assert isinstance(result.exception, JournalLocked)
    assert run(folder, "ls").return_value == 0
    journal.close()
    assert run(folder, "repair").return_value == 1
    assert run(folder, "repair").return_value == 1  # the hole stays
    assert "put aside by a repair" in run(folder, "ls").output


def test_a_folder_without_a_journal(tmp_path):
    """It is named, and not made."""
    result = CliRunner().invoke(cli, ["journal", "ls", "--path", str(tmp_path / "no")])
    assert isinstance(result.exception, JournalError)
    assert "there is no journal here" in str(result.exception)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 12),
        (["--sink", "store"], 8),
        (["--start", "2026-11-20T18:00:12Z"], 6),
        (["--end", "2026-11-20T18:00:12Z"], 6),
        (["--start", "2026-11-20T18:00:01Z", "--end", "2026-11-20T18:00:02Z"], 1),
    ],
)
def test_export(folder, options, count):
    """Lines of all good records, of what a sink lacks, or of a span."""
    result = run(folder, "export", *options)
    assert result.return_value == 0
    lines = result.output.splitlines()
    assert len(lines) == count
    assert all(line.startswith("m,e=a v=") for line in lines)


def test_export_for_programs(folder):
    """With --json a document a line, of the same points."""
    result = run(folder, "export", "--json", "--end", "2026-11-20T18:00:01Z")
    (line,) = result.output.splitlines()
    assert json.loads(line) == {
        "measurement": "m",
        "tags": {"e": "a"},
        "fields": {"v": 0.0},
        "time_ns": BASE_NS,
    }


@pytest.fixture
def shown(monkeypatch):
    """What a bar is told, whatever stderr is."""
    told = []
    monkeypatch.setattr(Bar, "show", lambda _bar, share, text: told.append(text))
    return told


def test_export_shows_how_far_it_is(folder, shown):
    """Points and the time up to which they go, before each record."""
    run(folder, "export")
    assert shown == [
        "0 points, up to 2026-11-20T18:00:00.000000Z",
        "4 points, up to 2026-11-20T18:00:10.000000Z",
        "8 points, up to 2026-11-20T18:00:20.000000Z",
    ]


def test_retry_shows_how_far_it_is(folder, shown, monkeypatch):
    """After each batch: what was sent and what was refused again."""
    monkeypatch.setattr("hiq.cli.resend.BATCH_LINES", 2)
    write_letters(folder, b"m v=1 1", b"not a line", b"m v=3 3", b"m v=4 4")
    run(folder, "dead", "--retry")
    assert shown == ["store: 1 sent, 1 left", "store: 3 sent, 1 left"]


def test_export_for_an_unknown_sink(folder):
    """The sinks that there are, are named."""
    result = run(folder, "export", "--sink", "other")
    assert isinstance(result.exception, click.UsageError)
    assert "no sink other reads ha; there are: store" in str(result.exception)


def letters(folder):
    return DeadLetters(folder / "dead" / "store.ndjson")


def write_letters(folder, *lines):
    letters(folder).append(
        [DeadLetter(line, "the words", 1_795_197_600.0, "store") for line in lines]
    )


def test_dead_letters_are_listed(folder):
    """Time, sink, words and line; as JSON one a line."""
    assert "0 dead letters" in run(folder, "dead").stderr
    write_letters(folder, b"m v=1 1", b"m v=2 2")
    result = run(folder, "dead")
    assert "2026-11-20T18:00:00.000000Z store: the words\n    m v=1 1" in result.stdout
    assert "store: 2 dead letters" in result.stderr
    rows = [
        json.loads(line)
        for line in run(folder, "dead", "--json").stdout.split("\n")
        if line
    ]
    assert [row["line"] for row in rows] == ["m v=1 1", "m v=2 2"]


def test_retry_sends_what_can_be_sent(folder):
    """What the store takes is gone from the letters, what it refuses stays."""
    write_letters(folder, *(b"m v=%d %d" % (n, n) for n in range(1, 30)), b"not a line")
    letters(folder).path.replace(letters(folder).aside)
    write_letters(folder, b"m v=99 99")
    result = run(folder, "dead", "--retry", "--json")
    assert result.return_value == 1
    assert json.loads(result.stdout) == {"store": {"sent": 30, "left": 1}}
    (left,) = letters(folder).read()
    assert left.line == b"not a line"
    assert "the words" not in left.reason
    with Reader(folder / "store.db") as reader:
        _, rows = reader.sql("SELECT count(*) FROM points WHERE measurement = 'm'")
        assert list(rows) == [(30,)]


def test_retry_needs_the_service_to_be_stopped(folder):
    """A running service owns the dead letters."""
    write_letters(folder, b"m v=1 1")
    journal = opened(folder / "journal")
    assert isinstance(run(folder, "dead", "--retry").exception, JournalLocked)
    journal.close()
    assert run(folder, "dead", "--retry").return_value == 0
    assert list(letters(folder).read()) == []


def test_retry_of_a_sink_that_is_down_keeps_all(folder):
    """Nothing is lost by trying."""
    (folder / "hiq.yaml").write_text(
        f"data_dir: {folder}\n"
        "sinks: [{name: store, type: influxdb1, url: 'http://127.0.0.1:9', "
        "database: hiq}]\n"
    )
    write_letters(folder, b"m v=1 1", b"m v=2 2")
    result = run(folder, "dead", "--retry", "--patience", "0", "--json")
    assert result.return_value == 1
    summary = json.loads(result.stdout)["store"]
    assert (summary["sent"], summary["left"]) == (0, 2)
    assert "refused" in summary["failed"]
    assert [letter.reason for letter in letters(folder).read()] == ["the words"] * 2
    assert Path(folder / "dead" / "store.ndjson").exists()
