"""The servers that other tests lean on: they start, keep their data, and end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.home_assistant import HomeAssistant, configuration
from tests.servers.home_assistant.environments import environment
from tests.servers.process import Server, free_port, missing, program

LINE = 'home,entity_id=a value=1.5,text="x" 1700000000123456789'
LISTEN = """
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if sys.argv[2] == "fork": os.fork()
print("here", flush=True)
time.sleep(600)
"""


class Listener(Server):
    """A program that only listens."""

    name = "listener"
    mode = "plain"
    ready_s = 5.0

    def command(self) -> list[str]:
        return [sys.executable, "-c", LISTEN, str(self.port), self.mode]

    def ready(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True


class Fails(Listener):
    """A program that ends at once."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", "print('no way'); raise SystemExit(3)"]


class Deaf(Listener):
    """A program that never listens."""

    ready_s = 0.2

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import time; time.sleep(600)"]


def refuses(server: Server) -> bool:
    """Return whether connections are refused, once whoever listened is gone."""
    for _ in range(1000):
        try:
            server.ready()
        except ConnectionRefusedError:
            return True
        except OSError:  # in the middle of its end: reset, or no answer
            continue
    return False


def test_ports_are_free_and_differ():
    """Each port is given once and can be bound."""
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports[0]))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_ends_and_starts_again_on_its_port(tmp_path: Path, how: str):
    """After its end nothing listens; started again it has the same URL."""
    server = Listener(tmp_path)
    server.start()
    url, first = server.url, server.pid
    getattr(server, how)()
    assert not server.running
    assert refuses(server)
    server.start()
    assert (server.url, server.pid != first) == (url, True)
    server.kill()


def test_children_end_with_the_server(tmp_path: Path):
    """What the program started ends with it: the port is free again."""
    server = Listener(tmp_path)
    server.mode = "fork"
    server.start()
    server.stop()
    assert refuses(server)


def test_a_program_that_ends_shows_what_it_printed(tmp_path: Path):
    """Instead of a time-out there is its output."""
    with pytest.raises(RuntimeError, match="no way"):
        Fails(tmp_path).start()


def test_a_program_that_is_never_ready_is_ended(tmp_path: Path):
    """After the deadline it is killed."""
    server = Deaf(tmp_path)
    with pytest.raises(TimeoutError, match="not ready in"):
        server.start()
    assert not server.running


@pytest.mark.parametrize(("ci", "outcome"), [("", "Skipped"), ("true", "Failed")])
def test_what_is_missing_fails_in_ci_only(monkeypatch, ci: str, outcome: str):
    """A missing program skips; with CI set it fails."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(BaseException) as caught:
        program("no-such-program-anywhere")
    assert type(caught.value).__name__ == outcome
    with pytest.raises(BaseException, match="install it") as caught:
        missing("it", "install it")
    assert type(caught.value).__name__ == outcome


def test_a_home_assistant_may_be_anywhere(monkeypatch, tmp_path: Path):
    """The environment variable names the place; an empty one is missing."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("HIQ_TEST_HA_2024", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="make_home_assistant"):
        environment("2024.3")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hass").touch()
    assert environment("2024.3") == tmp_path


@pytest.mark.parametrize(
    ("python", "outcome"),
    [("3.13.1", pytest.fail.Exception), ("3.12.1", pytest.skip.Exception)],
)
def test_home_assistant_2025_is_wanted_where_its_python_is(
    monkeypatch, tmp_path: Path, python: str, outcome: type
):
    """In CI its absence is a failure only if there is a Python 3.13."""
    (tmp_path / "versions" / python / "bin").mkdir(parents=True)
    (tmp_path / "versions" / python / "bin" / "python").touch()
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("HIQ_TEST_HA_2025", str(tmp_path / "nowhere"))
    with pytest.raises(outcome):
        environment("2025.4")


def test_the_configuration_has_what_was_added(tmp_path: Path):
    """Port and extra text are in the file, firehose beside it."""
    configuration.write(tmp_path, 12345, "influxdb:\n  host: here\n")
    text = (tmp_path / "configuration.yaml").read_text(encoding="utf-8")
    assert "server_port: 12345" in text
    assert "influxdb:\n  host: here" in text
    assert (tmp_path / "custom_components" / "firehose" / "manifest.json").exists()


@pytest.mark.real
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_influxdb_keeps_its_points(influxdb: InfluxDB, how: str):
    """What was written is there after a restart, to the nanosecond."""
    influxdb.write(LINE)
    getattr(influxdb, how)()
    influxdb.start()
    [point] = influxdb.points()
    assert (point["_measurement"], point["time"]) == ("home", 1700000000123456789)
    assert (point["entity_id"], point["value"], point["text"]) == ("a", 1.5, "x")


@pytest.mark.real
def test_influxdb_says_what_it_refuses(influxdb: InfluxDB):
    """Bad lines, bad queries and databases that are not there raise."""
    with pytest.raises(RuntimeError, match="400"):
        influxdb.write("no line")
    with pytest.raises(RuntimeError, match="error parsing"):
        influxdb.query("SELEKT")
    with pytest.raises(RuntimeError, match="404"):
        influxdb.write(LINE, database="no-such")


@pytest.mark.real
def test_influxdb_with_users(tmp_path: Path):
    """With a user, only the user gets in, also after a restart."""
    server = InfluxDB(tmp_path / "db", auth=("test", "secret"))
    server.start()
    server.write(LINE)
    server.stop()
    server.start()
    assert len(server.points()) == 1
    server.auth = ("test", "wrong")
    with pytest.raises(RuntimeError, match="authorization failed"):
        server.points()
    server.kill()


@pytest.mark.real
def test_victoriametrics_shows_fresh_points(victoriametrics: VictoriaMetrics):
    """Export has what was written just now, in milliseconds, the future included."""
    future = datetime.now(UTC) + timedelta(hours=1)
    future_ms = int(future.timestamp() * 1000)
    victoriametrics.write(LINE)
    victoriametrics.write(f"home value=2 {future_ms}000000")
    series = victoriametrics.export('{__name__="home_value"}')
    points = [(s["timestamps"], s["values"]) for s in series]
    assert sorted(points) == [([1700000000123], [1.5]), ([future_ms], [2])]


@pytest.mark.real
def test_home_assistant_does_what_is_asked(home_assistant: HomeAssistant):
    """Services, states, removal and history work, in at least ten domains."""
    start = datetime.now(UTC)
    domains = {s["entity_id"].partition(".")[0] for s in home_assistant.states()}
    assert len(domains) >= 10
    data = {"entity_id": "input_number.inpx_1", "value": 5}
    calls = [("input_number", "set_value", data), ("nope", "nope", {})]
    refused = home_assistant.call_services(calls)
    assert len(refused) == 1
    assert "not_found" in refused[0]
    home_assistant.set_state("sensor.own", "7", {"unit_of_measurement": "W"})
    home_assistant.remove_state("sensor.own")
    rows = {}
    while "sensor.own" not in rows:  # until the recorder has committed
        rows = home_assistant.history(start, entity_ids=["sensor.own"])
    assert rows["sensor.own"][0]["s"] == "7"
    with pytest.raises(RuntimeError, match="unknown_command"):
        home_assistant.ask("no/such")


@pytest.mark.real
def test_home_assistant_survives_a_kill(new_home_assistant):
    """Killed or crashed, and started again, it has the same token, URL and helpers."""
    server: HomeAssistant = new_home_assistant(start=False)
    assert not server.running
    server.start()
    token = server.token
    server.call_service("counter", "increment", {"entity_id": "counter.coux_0"})
    server.kill()
    server.start()
    assert server.token == token
    assert len(server.states()) > 300
    os.kill(server.pid, signal.SIGSEGV)
    while server.running:
        time.sleep(0.05)
    server.revive()
    assert server.ready()
    server.stop()
    assert not server.running
