"""`hiq convert`: files of every kind, bad lines, and what it says of them."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli, convert
from tests.corpus import frames, frames_path
from tests.events import TIME_NS, frame, state_changed
from tests.lineprotocol import decode
from tests.reference import ReferencePipeline

GOOD = frame(state_changed())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no settings lie about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HIQ_CONFIG", raising=False)


def run(*arguments: str, given: bytes = b"") -> Result:
    """Run the command in this process."""
    result = CliRunner().invoke(
        cli, ["convert", *arguments], input=given, standalone_mode=False
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def summary(result: Result) -> dict[str, int]:
    """The last line on stderr."""
    counts: dict[str, int] = json.loads(result.stderr.splitlines()[-1])
    return counts


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_plain_and_packed_files(tmp_path: Path, pack: Any) -> None:
    """The kind of file is told by its first bytes, not by its name."""
    path = tmp_path / "frames"
    path.write_bytes(pack(GOOD + b"\n\n" + GOOD + b"\n"))
    result = run(str(path))
    assert [point.time_ns for point in decode(result.stdout_bytes)] == [TIME_NS] * 2
    assert summary(result)["frames"] == 2
    assert result.return_value == 0


def test_points_for_programs() -> None:
    """With --json each point is a document on a line; the counts are as without."""
    result = run("--json", "-", given=GOOD + b"\n" + GOOD)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    (point, again) = decode(run("-", given=GOOD + b"\n" + GOOD).stdout_bytes)
    assert rows[0] == rows[1]
    assert point == again
    assert rows[0] == {
        "measurement": point.measurement,
        "tags": dict(point.tags),
        "fields": dict(point.fields),
        "time_ns": TIME_NS,
    }
    assert summary(result)["points"] == 2


def test_standard_input_and_the_counts() -> None:
    """Every message is in exactly one count; the keys are the contract's."""
    given = [
        GOOD,
        frame(state_changed(state="unknown")),
        frame(state_changed(time=None)),
        b'{"type":"pong"}',
        b"nonsense",
    ]
    result = run("-", given=b"\n".join(given))
    assert summary(result) == {
        "frames": 5,
        "events": 3,
        "points": 1,
        "filtered": 0,
        "skipped": 1,
        "rejected": 2,
        "passed": 1,
    }
    assert result.return_value == 0
    assert run("--strict", given=b"\n".join(given)).return_value == 1
    assert run("--strict", given=GOOD).return_value == 0


def test_a_rejected_line_is_named() -> None:
    """Line number, reason and first bytes, for a bounded number of lines."""
    result = run(given=GOOD + b"\n" + b"nonsense\n" * 100)
    said = result.stderr.splitlines()
    assert said[0] == "line 2: BAD_JSON: 'nonsense'"
    assert len(said) == convert.SHOWN_REJECTS + 2
    assert said[-2] == f"{100 - convert.SHOWN_REJECTS} more rejected, not shown"


def test_the_settings_shape_the_points(tmp_path: Path) -> None:
    """A Home Assistant block is taken as it is."""
    path = tmp_path / "block.yaml"
    path.write_text("influxdb:\n  override_measurement: all\n  tags: {source: ha}\n")
    (point,) = decode(run("--config", str(path), given=GOOD).stdout_bytes)
    assert (point.measurement, point.tags["source"]) == ("all", "ha")


def test_an_unknown_schema_is_a_usage_error() -> None:
    """One message and status 2, nothing on stdout."""
    done = command("--schema", "nonsense", given=GOOD)
    assert done.returncode == 2
    assert b"schema" in done.stderr
    assert (done.stdout, done.stderr.count(b"Traceback")) == (b"", 0)


def test_recorded_frames_equal_the_reference() -> None:
    """A slice of the recording, decoded, is what the slow converter gives."""
    given = frames("events_all_coalesced", 40)
    reference = ReferencePipeline()
    for each in given:
        reference.feed(each)
    result = run(given=b"\n".join(given))
    expected = reference.take()
    assert decode(result.stdout_bytes) == decode(expected)
    assert summary(result)["points"] == expected.count(b"\n") > 0


def test_a_line_too_long_is_stepped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected without being held; the lines around it go through."""
    monkeypatch.setattr(convert, "MAX_FRAME_BYTES", len(GOOD) + 10)
    long = b'{"a":"' + b"x" * 5000 + b'"}'
    source = io.BytesIO(b"\n".join([GOOD, long, GOOD, long]))
    assert list(convert.frames(source)) == [(1, GOOD), (2, None), (3, GOOD), (4, None)]
    result = run(given=b"\n".join([GOOD, long, GOOD]))
    assert "line 2: FRAME_TOO_LONG: ''" in result.stderr
    assert (summary(result)["points"], summary(result)["rejected"]) == (2, 1)


def test_lines_go_out_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not more than a buffer is held back."""
    monkeypatch.setattr(convert, "FLUSH_BYTES", 1)
    out = io.BytesIO()
    conversion = convert.Conversion(convert.pipeline_for({}), out)
    conversion.run(io.BytesIO(GOOD + b"\n" + GOOD))
    assert out.getvalue().count(b"\n") == 2


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_cut_file_gives_what_it_holds(tmp_path: Path, pack: Any) -> None:
    """The lines before the cut, a message, the counts, and status 1."""
    path = tmp_path / "frames"
    path.write_bytes(pack(b"\n".join(frames(limit=200)))[:-1000])
    result = run(str(path))
    assert result.return_value == 1
    assert "stopped early: " in result.stderr
    assert summary(result)["frames"] > 0


def command(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hiq", "convert", *arguments],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_the_reader_of_stdout_may_leave() -> None:
    """A closed pipe ends the run without a traceback, with the counts."""
    with subprocess.Popen(
        [sys.executable, "-m", "hiq", "convert", str(frames_path("state_changed"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(timeout=60) == 1
    assert "Traceback" not in said
    assert json.loads(said.splitlines()[-1])["points"] > 0


def test_a_missing_file_is_a_usage_error() -> None:
    """Status 2 and a message that names it."""
    done = command("nowhere.ndjson")
    assert (done.returncode, b"nowhere.ndjson" in done.stderr) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout() -> None:
    """One sentence, the counts, and status 1; no traceback."""
    source = str(frames_path("state_changed"))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hiq", "convert", source],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "stopped early: No space left on device" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert json.loads(said.splitlines()[-1])["points"] > 0
