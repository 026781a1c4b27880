"""`hiq record`: frames of a live home into a file."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import lzma
import os
import signal
import stat
import sys

import pytest
from click.testing import CliRunner

from hiq import cli
from hiq.cli.record import Recorder, created, record
from hiq.settings.schema import HomeAssistantSettings, Settings
from hiq.stats import Stats
from tests.ha.home import TOKEN, event, scripted_home
from tests.reference import ReferencePipeline

DEADLINE = 30


async def start(url, *arguments, folder, token=TOKEN):
    """Run `hiq record` in a process of its own."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HA_", "HIQ_", "SUPERVISOR"))
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hiq", "record", *map(str, arguments)),
        cwd=folder,
        env={**environment, "HA_HTTP_URL": url, "HA_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process):
    """Wait for its end; returns status and the two texts."""
    async with asyncio.timeout(DEADLINE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_it_records_until_interrupted(simulator, tmp_path):
    """Ctrl-C ends it with a summary, a whole file, and status 0."""
    process = await start(
        simulator.url, "home.ndjson.xz", folder=tmp_path, token=simulator.token
    )
    async with asyncio.timeout(DEADLINE):
        while not any(link.session.log.subscriptions for link in simulator.links):
            await asyncio.sleep(0.01)
    simulator.fire(100)
    async with asyncio.timeout(DEADLINE):
        while simulator.pending:
            await asyncio.sleep(0.01)
        # A ping is answered in order: what was sent before it has been taken.
        await (await simulator.links[0]._socket.ping())
    kinds = {c["type"] for c in simulator.logs[-1].commands}
    simulator.fire_event("other", {})
    process.send_signal(signal.SIGINT)
    status, out, err = await finish(process)
    assert status == 0, err
    assert out == ""
    assert "recorded frames=" in err
    assert "events=100 " in err
    assert kinds == {"supported_features", "subscribe_events"}
    with lzma.open(tmp_path / "home.ndjson.xz") as file:
        lines = file.read().splitlines()
    pipeline = ReferencePipeline({})
    verdicts = [pipeline.feed(line) for line in lines]
    assert sum(verdict.events for verdict in verdicts) == 100
    assert simulator.token.encode() not in b"".join(lines)


async def test_it_ends_by_itself(tmp_path):
    """With --seconds and --json the summary is one document on stdout."""
    async with scripted_home() as home:
        home.after["subscribe_events"] = [event("a.b", "1")]
        process = await start(
            home.url, "--seconds", "1", "--json", "x.ndjson", folder=tmp_path
        )
        status, out, err = await finish(process)
    assert status == 0, err
    summary = json.loads(out)
    size = (tmp_path / "x.ndjson").stat().st_size
    assert summary == {
        "frames": 1,
        "events": 1,
        "bytes": size,
        "losses": 0,
        "output": "x.ndjson",
    }
    assert TOKEN not in err


async def test_a_refused_token_ends_it(tmp_path):
    """There is nothing to wait for: status 2 and the reason."""
    async with scripted_home() as home:
        home.tokens.clear()
        process = await start(home.url, "x.ndjson", folder=tmp_path)
        status, _, err = await finish(process)
    assert status == 2
    assert "refused the token" in err
    assert TOKEN not in err


async def record_here(url, out, seconds=0.3):
    """Record in this process."""
    home = HomeAssistantSettings(url=url, token=TOKEN, max_retry_delay=0.1)
    stats = Stats()
    async with asyncio.timeout(DEADLINE):
        return await record(Settings(home_assistant=home), out, seconds, stats), stats


async def test_frames_are_written_as_they_came():
    """One line per frame with events; answers of their own are left out."""
    both = f"[{event('a.b', '1')},\n{event('a.c', '2')}]"
    out = io.BytesIO()
    async with scripted_home() as home:
        home.after["subscribe_events"] = [event("a.a", "0")]
        async with asyncio.TaskGroup() as group:
            task = group.create_task(record_here(home.url, out))
            await home.until("subscribe_events")
            await home.socket.send(both)
            await home.socket.send("[broken")
        recorder, stats = task.result()
    lines = out.getvalue().splitlines()
    assert (recorder.frames, recorder.events, len(lines)) == (2, 3, 2)
    assert lines[1].decode() == both.replace("\n", " ")
    assert recorder.bytes == len(out.getvalue())
    assert (stats.bad_frames, home.asked("get_states")) == (1, 0)


async def test_a_full_disk_ends_it():
    """What cannot be written is told, and does not look like a lost connection."""

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    async with scripted_home() as home:
        home.after["subscribe_events"] = [event("a.b", "1")]
        recorder, stats = await record_here(home.url, Full(), None)
    assert recorder.error.errno == 28
    assert (recorder.frames, stats.ha.reconnects.total()) == (0, 0)


def test_nothing_is_written_after_a_failed_write():
    """A hole in the middle would look like a whole recording."""
    calls = []

    class Full(io.BytesIO):
        def write(self, data):
            calls.append(data)
            raise OSError(28, "No space left on device")

    recorder = Recorder(Full(), lambda: None)
    frame = event("a.b", "1").encode()
    assert recorder.feed(frame).events == recorder.feed(frame).events == 1
    assert len(calls) == 1
    recorder.set_tags("a.b", None)


@pytest.mark.parametrize(
    ("name", "opened"), [("x", open), ("x.xz", lzma.open), ("x.gz", gzip.open)]
)
def test_the_suffix_packs(tmp_path, name, opened):
    """The file is packed by its suffix, private, and never overwritten."""
    path = tmp_path / name
    with created(path) as out:
        out.write(b"line\n")
    with opened(path, "rb") as file:
        assert file.read() == b"line\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError), created(path):
        pass


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("HA_TOKEN", "HIQ_CONFIG", "SUPERVISOR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HA_TOKEN", TOKEN)
    monkeypatch.setenv("HA_HTTP_URL", "http://127.0.0.1:1")

    def invoke(*arguments):
        return CliRunner().invoke(
            cli.cli, ["record", *arguments], standalone_mode=False
        )

    return invoke


def test_without_a_connection_it_says_why(run):
    """Nobody there: status 1 with the last error."""
    done = run("--seconds", "0.1", "x.ndjson")
    assert done.return_value == 1
    assert "recorded frames=0 events=0" in done.stderr
    assert "Connection refused" in done.stderr


def test_an_existing_file_is_left_alone(run, tmp_path):
    """A recording is never overwritten: usage error."""
    (tmp_path / "x.ndjson").write_text("precious")
    done = run("x.ndjson")
    assert "x.ndjson: File exists" in str(done.exception)
    assert done.exception.exit_code == 2
    assert (tmp_path / "x.ndjson").read_text() == "precious"


def test_it_does_not_make_a_file_named_dash(run, tmp_path):
    """`-` is standard output elsewhere; here it is a usage error."""
    done = run("-")
    assert "OUTPUT is a file" in str(done.exception)
    assert done.exception.exit_code == 2
    assert not (tmp_path / "-").exists()


def test_the_help_shows_examples(run):
    """--help tells how to use it."""
    assert "hiq record --seconds 3600" in run("--help").stdout
