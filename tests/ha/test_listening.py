"""Two listeners, one outcome: frames into a pipeline, past the owner or through it."""

import asyncio
import logging
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from hiq.errors import ProtocolError
from hiq.ha import listening
from tests.ha.home import event
from tests.ha.lane import Intake
from tests.ha.server import serving_raw

BOTH = pytest.mark.usefixtures("listener")
PONG = b'{"id":7,"type":"pong"}'


def change(text="1", second=0):
    """One state_changed message."""
    return event("a.b", text, second).encode()


async def goodbye(peer):
    """Wait until the client says goodbye, and answer."""
    while (await peer.read_frame())[0] != 8:
        pass
    peer.frame(8, b"")


async def played(intake, frames, condition):
    """Send these frames in one piece; wait until it is so."""

    async def handler(peer):
        await peer.read_frame()
        for frame in frames:
            peer.frame(*frame[:2], **(frame[2] if len(frame) > 2 else {}))
        await goodbye(peer)

    async with serving_raw(handler) as url:
        await intake.connection.open(url)
        intake.connection.send(b"go")
        await intake.until(condition)
        await intake.connection.close()


@BOTH
async def test_events_and_answers_keep_their_order(listener):
    """Whole and fragmented messages, answers and pings of one read make one batch."""
    intake = Intake()
    whole = change("3", 3)
    await played(
        intake,
        [
            (1, change("1", 1)),
            (1, b"[" + change("2", 2) + b"," + PONG + b"]"),
            (1, whole[:100], {"fin": False}),
            (9, b"ping"),
            (0, whole[100:]),
            (1, change("4", 4)),
        ],
        lambda: intake.log,
    )
    assert intake.log == [("passed", PONG), ("read", 4)]
    values = [line.split()[-2] for line in intake.pipeline.take().splitlines()]
    assert values == [b"value=1.0", b"value=2.0", b"value=3.0", b"value=4.0"]
    assert intake.slow == (1 if listener == "compiled" else 4)
    assert (intake.stats.ha.frames, intake.stats.ha.last_event_at) == (4, 1.0)


@BOTH
async def test_counts_are_right_whenever_somebody_is_called(listener):
    """Before an answer is handed on, what came before it has been counted."""
    seen = []

    class Looking(Intake):
        def on_passed(self, passed):
            seen.append((self.stats.received, self.stats.imbalance()))

    intake = Looking()
    frames = [(1, change("1", 1)), (1, PONG), (1, change("2", 2)), (1, b"[{")]
    await played(intake, frames, lambda: intake.log)
    assert seen == [(1, 1)]
    assert intake.log == [("read", 2)]
    assert (intake.stats.bad_frames, intake.stats.imbalance()) == (1, 2)


@BOTH
async def test_counts_are_told_once_per_read(listener):
    """A thousand frames cost far fewer calls than frames."""
    intake = Intake()
    frames = [(1, change(str(i), i % 60)) for i in range(1000)]
    await played(intake, frames, lambda: intake.stats.received == 1000)
    assert intake.stats.ha.frames == 1000
    assert intake.stats.ha.bytes == sum(len(text) for _, text in frames)
    if listener == "compiled":
        assert intake.told <= len(intake.log) < 500
        assert intake.slow == 0


@BOTH
async def test_a_full_pipeline_is_emptied_before_the_next_frame():
    """The mark is passed by one frame at most, inside one read."""
    intake = Intake({"high_water": 1})
    frames = [(1, change(str(i), i)) for i in range(3)]
    await played(intake, frames, lambda: intake.stats.received == 3)
    assert [entry for entry in intake.log if entry[0] == "full"] == [
        ("full", 1),
        ("full", 2),
        ("full", 3),
    ]


@BOTH
async def test_a_fault_behind_the_pipeline_ends_the_connection():
    """It comes out of `wait`; what was fed before it is counted, nothing after it."""

    class Failing(Intake):
        def on_full(self):
            raise ZeroDivisionError

    intake = Failing({"high_water": 1})

    async def handler(peer):
        peer.frame(1, change("1", 1))
        peer.frame(1, change("2", 2))
        await goodbye(peer)

    async with serving_raw(handler) as url:
        await intake.connection.open(url)
        assert isinstance(await intake.loss(), ZeroDivisionError)
    assert (intake.stats.received, intake.ended, intake.log) == (1, 1, [])


@BOTH
async def test_an_abandoned_connection_feeds_no_more():
    """Not even the next frame of the same read; what was fed is counted."""

    class Leaving(Intake):
        def on_passed(self, passed):
            self.connection.abandon()

    intake = Leaving()
    frames = [(1, change("1", 1)), (1, PONG), (1, change("2", 2)), (8, b"")]
    await played(intake, frames, lambda: intake.ended)
    assert (intake.stats.received, intake.log) == (1, [])


@BOTH
async def test_frames_go_through_the_owner_when_it_wants_so():
    """`direct` may change in the middle of a read, and is never without a lane."""
    intake = Intake()
    intake.connection.direct = False
    await played(intake, [(1, change())], lambda: intake.stats.received)
    assert intake.slow == 1


VIOLATIONS = {
    "binary": [(2, b"x")],
    "extension": [(1, change(), {"rsv": 0x40})],
    "second extension": [(1, change(), {"rsv": 0x20})],
    "third extension": [(1, change(), {"rsv": 0x10})],
    "inside": [(1, b"x", {"fin": False}), (1, change())],
}


@BOTH
@pytest.mark.parametrize("name", VIOLATIONS)
async def test_the_short_way_is_for_plain_frames_only(name):
    """What RFC 6455 forbids ends the connection, also where frames go fast."""
    intake = Intake()

    async def handler(peer):
        for opcode, payload, *more in VIOLATIONS[name]:
            peer.frame(opcode, payload, **(more[0] if more else {}))
        await goodbye(peer)

    async with serving_raw(handler) as url:
        await intake.connection.open(url)
        assert isinstance(await intake.loss(), ProtocolError)
    assert intake.stats.received == 0


def test_the_compiled_listener_fits_the_installed_picows():
    """Here it was built, so here it is used."""
    assert listening.compiled() is sys.modules["hiq.ha.listener"].Listener


@pytest.fixture
def _chosen_again():
    """Choose the listener anew in the test, and again behind it."""
    listening._chosen.cache_clear()
    yield
    listening._chosen.cache_clear()


@pytest.mark.usefixtures("_chosen_again")
def test_another_picows_is_met_with_the_listener_in_python(monkeypatch, caplog):
    """Other declarations than those of the build: one log line, and it works."""
    monkeypatch.setattr("hiq.ha.listener.DECLARATIONS", "0" * 64)
    caplog.set_level(logging.WARNING)
    made = [listening.make_listener(None, None) for _ in range(2)]
    assert [type(it) for it in made] == [listening.PlainListener] * 2
    (record,) = caplog.records
    assert record.reason == f"it was built with another picows than {version('picows')}"


@pytest.mark.usefixtures("_chosen_again")
def test_a_build_without_it_has_the_listener_in_python(monkeypatch, caplog):
    """No extension module: one log line with the reason."""
    monkeypatch.setitem(sys.modules, "hiq.ha.listener", None)
    monkeypatch.delattr("hiq.ha.listener", raising=False)
    assert type(listening.make_listener(None, None)) is listening.PlainListener
    assert "ImportError" in caplog.records[0].reason or (
        "ModuleNotFoundError" in caplog.records[0].reason
    )


FOREIGN = """
import picows.picows
picows.picows.{name} = type("{name}", (), {{"__slots__": ()}})
from hiq.ha import listening
print(listening.compiled())
"""


@pytest.mark.parametrize("name", ["WSListener", "WSFrame"])
def test_types_of_another_size_are_met_with_the_listener_in_python(name):
    """What the extension refuses to be imported with is no crash."""
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN.format(name=name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "size changed" in done.stdout


@BOTH
async def test_a_loop_that_is_late_gets_many_frames_in_one_read():
    """What waits in the socket is one batch, not one per frame."""
    intake = Intake()

    async def handler(peer):
        for i in range(20):
            peer.frame(1, change(str(i), i))
        await peer.writer.drain()
        time.sleep(0.02)  # the loop of both sides is late
        await goodbye(peer)

    async with serving_raw(handler) as url, asyncio.timeout(20):
        await intake.connection.open(url)
        await intake.until(lambda: intake.stats.received == 20)
        await intake.connection.close()
    assert len(intake.log) <= 3
