"""`hiq replay`: frames and stores into sinks, twice the same, and sinks that fail."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.cli.replay import Target
from hiq.sink.base import Batch, Done, Hold, Refused, Retry, TooBig
from hiq.sink.reader import Reader
from tests.events import frame, state_changed
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.process import free_port

EVENTS = [
    state_changed(
        f"sensor.s{n % 3}",
        str(n),
        {"unit_of_measurement": "W", "note": 'a "b" \\ c,=', "on": True},
        f"2026-11-20T12:00:{n:02}.000000+00:00",
    )
    for n in range(30)
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no settings lie about."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HIQ_CONFIG", raising=False)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Give a file of frames, one of them not JSON."""
    path = tmp_path / "frames.ndjson"
    lines = [frame(event) for event in EVENTS]
    path.write_bytes(b"\n".join([*lines[:10], b"{", frame(EVENTS[10:])]) + b"\n")
    return path


def config(tmp_path: Path, *sinks: str) -> str:
    path = tmp_path / "settings.yaml"
    path.write_text(
        f"data_dir: {tmp_path}\nsinks:\n" + "".join(f"  - {{{s}}}\n" for s in sinks)
    )
    return str(path)


def run(*arguments: str) -> Result:
    """Run the command in this process; errors of hiq come through."""
    result = CliRunner().invoke(cli, ["replay", *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def stored(path: Path) -> list[str]:
    with Reader(path) as reader:
        return sorted(reader.lines())


def test_frames_into_the_store_twice(tmp_path: Path, recorded: Path) -> None:
    """A replay writes every point; a second one changes nothing."""
    settings = config(tmp_path, "name: store, type: sqlite")
    result = run("-c", settings, "--json", str(recorded))
    assert result.return_value == 0
    assert json.loads(result.stdout) == {
        "frames": 12,
        "events": 30,
        "points": 30,
        "filtered": 0,
        "skipped": 0,
        "rejected": 1,
        "sinks": {"store": {"written": 30, "refused": 0, "retries": 0}},
    }
    before = stored(tmp_path / "store.db")
    assert len(before) == 30
    run("-c", settings, str(recorded))
    assert stored(tmp_path / "store.db") == before


def test_packed_frames_and_a_summary_for_people(tmp_path: Path, recorded: Path) -> None:
    """A gzip file is read as it is; the counts go to stderr."""
    packed = tmp_path / "frames.gz"
    packed.write_bytes(gzip.compress(recorded.read_bytes()))
    result = run("-c", config(tmp_path, "name: s, type: sqlite"), str(packed))
    assert "points=30" in result.stderr
    assert "s: written=30" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_cut_file_gives_what_it_holds(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """The points before the cut are written; the reason is said, status 1."""
    lines = [frame(state_changed(f"sensor.s{n}", str(n))) for n in range(20_000)]
    cut = tmp_path / "cut"
    cut.write_bytes(pack(b"\n".join(lines))[:-1000])
    result = run("-c", config(tmp_path, "name: store, type: sqlite"), str(cut))
    assert result.return_value == 1
    assert "stopped early: " in result.stderr
    assert len(stored(tmp_path / "store.db")) > 0


@pytest.mark.real
def test_a_store_feeds_a_database_that_comes_later(
    tmp_path: Path, recorded: Path, influxdb: InfluxDB
) -> None:
    """What goes through the store is, point by point, what goes there directly."""
    influxdb.create_database("direct")
    settings = config(
        tmp_path,
        "name: store, type: sqlite",
        f"name: direct, type: influxdb1, url: '{influxdb.url}', database: direct",
        f"name: later, type: influxdb1, url: '{influxdb.url}', database: hiq",
    )
    run("-c", settings, "--sink", "store", "--sink", "direct", str(recorded))
    result = run("-c", settings, "--from-store", "--sink", "later", "--json")
    assert result.return_value == 0
    assert json.loads(result.stdout)["sinks"] == {
        "later": {"written": 30, "refused": 0, "retries": 0}
    }
    direct = influxdb.points("direct")
    assert len(direct) == 30
    assert influxdb.points("hiq") == direct


@pytest.mark.real
def test_a_span_of_the_store(
    tmp_path: Path, recorded: Path, victoriametrics: VictoriaMetrics
) -> None:
    """From and to choose what is fed; the store itself is left out."""
    settings = config(
        tmp_path,
        "name: store, type: sqlite",
        f"name: vm, type: victoriametrics, url: '{victoriametrics.url}'",
    )
    run("-c", settings, "--sink", "store", str(recorded))
    span = ("--from", "2026-11-20T12:00:05Z", "--to", "2026-11-20T12:00:08Z")
    result = run("-c", settings, "--from-store", *span, "--json")
    assert json.loads(result.stdout)["points"] == 3
    series = victoriametrics.export('{__name__="W_value"}')
    assert sorted(v for s in series for v in s["values"]) == [5, 6, 7]


def test_lines_to_stdout(tmp_path: Path, recorded: Path) -> None:
    """A stream sink gets the lines of the store."""
    settings = config(tmp_path, "name: s, type: sqlite", "name: out, type: stdout")
    run("-c", settings, "--sink", "s", str(recorded))
    result = run("-c", settings, "--store", str(tmp_path / "s.db"), "--sink", "out")
    assert sorted(result.stdout.splitlines(keepends=True)) == stored(tmp_path / "s.db")


def test_a_sink_that_is_down_is_given_up(tmp_path: Path, recorded: Path) -> None:
    """The others get everything; exit status 1 and the reason."""
    settings = config(
        tmp_path,
        "name: store, type: sqlite",
        f"name: dead, type: influxdb1, url: 'http://127.0.0.1:{free_port()}', "
        "database: x",
    )
    result = run("-c", settings, "--patience", "0", "--json", str(recorded))
    assert result.return_value == 1
    sinks = json.loads(result.stdout)["sinks"]
    assert "Cannot connect" in sinks["dead"]["failed"]
    assert sinks["store"]["written"] == 30


@pytest.mark.real
def test_a_missing_database_says_what_to_do(
    tmp_path: Path, recorded: Path, influxdb: InfluxDB
) -> None:
    """What the user has to repair ends the replay at once, with the advice."""
    settings = config(
        tmp_path, f"name: i, type: influxdb1, url: '{influxdb.url}', database: none"
    )
    result = run("-c", settings, str(recorded))
    assert result.return_value == 1
    assert "CREATE DATABASE" in result.stderr


def event_of(event_type: str, second: int, **data: object) -> bytes:
    """Return a message with another event, of one context."""
    event = {
        "event_type": event_type,
        "data": data,
        "origin": "LOCAL",
        "time_fired": f"2026-11-20T12:00:{second:02}+00:00",
        "context": {"id": "c", "parent_id": None, "user_id": None},
    }
    return json.dumps({"type": "event", "event": event, "id": 1}).encode()


@pytest.mark.parametrize(("state", "status"), [("on", 0), ("unavailable", 1)])
def test_contracts_judge_recorded_frames(
    tmp_path: Path, state: str, status: int
) -> None:
    """By the times of their events; a broken one is said, and is the exit status."""
    path = tmp_path / "frames.ndjson"
    states = [{"entity_id": "light.hall", "state": state, "attributes": {}}]
    call = {"domain": "light", "service": "turn_on"}
    data = {"entity_id": "light.hall"}
    lines = [
        json.dumps({"id": 3, "type": "result", "success": True, "result": states}),
        event_of("automation_triggered", 1).decode(),
        event_of("call_service", 2, **call, service_data=data).decode(),
    ]
    # As Home Assistant writes it, without spaces.
    text = "\n".join(json.dumps(json.loads(x), separators=(",", ":")) for x in lines)
    path.write_text(text + "\n", encoding="utf-8")
    store = config(tmp_path, "name: s, type: sqlite")
    judged = ("--contract", "ha_automation", "--contract", "agent_run")
    result = run("--config", store, *judged, "--json", str(path))
    assert result.return_value == status
    assert json.loads(result.stdout).get("violations", 0) == status
    assert ("light.hall is unavailable" in result.stderr) is bool(status)


def test_the_level_of_the_settings_judges_recorded_frames(tmp_path: Path) -> None:
    """What it refuses is no point."""
    path = tmp_path / "frames.ndjson"
    odd = {**EVENTS[0], "event": {**EVENTS[0]["event"], "origin": "ELSEWHERE"}}
    path.write_bytes(frame(odd) + b"\n")
    for level, points in (("strict", 0), ("moderate", 1)):
        store = config(tmp_path, "name: s, type: sqlite")
        with Path(store).open("a", encoding="utf-8") as file:
            file.write(f"validation: {{level: {level}}}\n")
        result = run("--config", store, "--json", str(path))
        assert json.loads(result.stdout)["points"] == points


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either INPUT or --from-store"),
        (("--from-store", "FILE"), "either INPUT or --from-store"),
        (("--from", "-1h", "FILE"), "--from-store"),
        (("--sink", "other", "FILE"), "there is no sink other"),
        (("--contract", "other", "FILE"), "there is no contract other"),
        (("--from-store",), "no other sink"),
        (("--from-store", "--sink", "store"), "no other sink"),
    ],
)
def test_wrong_usage(tmp_path, recorded, arguments, words) -> None:
    """What cannot be meant is refused before anything is written."""
    settings = config(tmp_path, "name: store, type: sqlite")
    given = [str(recorded) if a == "FILE" else a for a in arguments]
    with pytest.raises(click.UsageError, match=words):
        run("-c", settings, *given)
    assert not (tmp_path / "store.db").exists()


class Scripted:
    """A sink that answers as told, then confirms."""

    name = "scripted"

    def __init__(self, *outcomes, bad: bytes = b"") -> None:
        self.outcomes = list(outcomes)
        self.bad = bad
        self.stored: list[bytes] = []

    async def write(self, batch: Batch):
        if self.outcomes:
            return self.outcomes.pop(0)
        if self.bad and self.bad in batch.lines():
            return Refused("bad line")
        self.stored += batch.lines().splitlines()
        return Done()


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def target(sink: Scripted, patience_s: float = 60.0) -> tuple[Target, Clock]:
    clock = Clock()
    made = Target(sink, "ha", patience_s=patience_s, timer=clock, sleep=clock.sleep)
    return made, clock


LINES = b"".join(b"m v=%d %d\n" % (n, n) for n in range(10))


async def test_what_heals_is_sent_again() -> None:
    """Retries wait, longer if the server asks for it, and are counted."""
    sink = Scripted(Retry("busy"), Retry("busy", after_s=20))
    one, clock = target(sink)
    await one.send(LINES)
    assert one.summary() == {"written": 10, "refused": 0, "retries": 2}
    assert clock.now > 20
    assert len(sink.stored) == 10


async def test_patience_ends() -> None:
    """A sink that does not heal is given up, and then left alone."""
    sink = Scripted(*[Retry("down")] * 100)
    one, clock = target(sink, patience_s=30)
    await one.send(LINES)
    assert one.failed == "down"
    assert clock.now <= 30
    left = len(sink.outcomes)
    await one.send(LINES)
    assert len(sink.outcomes) == left


async def test_a_hold_ends_at_once() -> None:
    """What the user has to repair is not waited for."""
    one, clock = target(Scripted(Hold("401", "check the token")))
    await one.send(LINES)
    assert one.failed == "401 (check the token)"
    assert clock.now == 0


async def test_bad_lines_are_found_by_halving(capsys) -> None:
    """Only the bad line is refused; the rest is written, in order."""
    sink = Scripted(TooBig("413"), bad=b"v=6 ")
    one, _clock = target(sink)
    await one.send(LINES)
    assert one.counts["written"] == 9
    assert one.counts["refused"] == 1
    assert sink.stored == [line for line in LINES.splitlines() if b"v=6" not in line]
    assert "m v=6 6" in capsys.readouterr().err


async def test_nothing_is_nothing() -> None:
    """An empty chunk makes no request."""
    one, _clock = target(Scripted(Refused("never asked")))
    await one.send(b"")
    assert one.counts["refused"] == 0
