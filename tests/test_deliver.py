"""Delivery against a real journal and a scripted database: every line, whatever comes."""

from __future__ import annotations

import errno
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import flight
from hiq.sink.base import Hold, Retry
from tests.journal.clockwork import until
from tests.journal.delivery import Bench, line, lines, running


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()


async def test_everything_is_delivered_in_order(bench):
    """What is journaled before and while it runs arrives once, and is counted."""
    bench.append(*range(7))
    async with running(bench.deliverer):
        await bench.delivered()
        bench.append(*range(7, 20))
        await bench.delivered()
    assert bench.sink.stored == lines(*range(20))
    assert (bench.stats.written, bench.stats.state) == (20, "ok")
    assert bench.stats.last_write_at == 1_000.0
    assert bench.stats.oldest_pending_at is None
    assert bench.stats.pending_bytes == 0
    assert sum(bench.stats.write_buckets) == bench.stats.requests["done"]


async def test_records_are_joined_or_sent_alone(tmp_path):
    """The journaled bytes themselves are sent: joined where the sink can take that."""
    for joins, requests in ((True, 1), (False, 4)):
        bench = Bench(tmp_path / str(joins), joins_members=joins)
        bench.append(*range(20))
        async with running(bench.deliverer):
            await bench.delivered()
        assert len(bench.sink.bodies) == requests
        files = sorted((tmp_path / str(joins) / "journal" / "ha").iterdir())
        assert all(body[:40] in files[0].read_bytes() for body in bench.sink.bodies)
        bench.journal.close()


async def test_a_request_is_bounded_in_points(tmp_path):
    """A backlog is sent in requests of a limited size."""
    bench = Bench(tmp_path, max_points=10)
    bench.append(*range(23))
    async with running(bench.deliverer):
        await bench.delivered()
    assert [len(gzip.decompress(b).splitlines()) for b in bench.sink.bodies] == [
        10,
        10,
        3,
    ]
    bench.journal.close()


async def test_what_can_heal_is_sent_again(bench, caplog):
    """The identical bytes, with growing pauses up to the breaker's; a line per change."""
    caplog.set_level("INFO", "hiq.deliver")
    bench.sink.script = [
        None,
        Retry("500"),
        Retry("timeout"),
        Retry("no route", sent=False),
    ]
    async with running(bench.deliverer):
        bench.append(1)
        await bench.delivered()
        bench.append(2)
        for pause, breaker in ((1.0, "closed"), (2.0, "closed"), (10.0, "open")):
            await until(lambda p=pause: bench.time.waiting == [p])
            assert (bench.stats.state, bench.stats.pending) == ("retrying", 1)
            assert bench.stats.breaker == breaker
            assert bench.stats.oldest_pending_at == 1_000.0
            await bench.time.tick()
        await bench.delivered()
        assert (bench.stats.state, bench.stats.breaker) == ("ok", "closed")
        assert bench.stats.opened == 1
        bench.sink.script = [Retry("again")]
        bench.append(3)
        await until(lambda: bench.time.waiting == [1.0])
    assert len(set(bench.sink.bodies[1:5])) == 1
    assert (bench.stats.retries, bench.stats.resent) == (4, 2)
    assert bench.stats.requests == {"done": 2, "retry": 4}
    mine = [r for r in caplog.records if r.name == "hiq.deliver"]
    assert [r.getMessage() for r in mine] == [
        "sink is ok", "sink is retrying", "sink is ok", "sink is retrying",
    ]  # fmt: skip
    assert (mine[2].seconds, mine[2].failures) == (13.0, 3)


@pytest.mark.parametrize(("after", "pause"), [(30.0, 30.0), (0.0, 1.0), (1e9, 3600.0)])
async def test_retry_after_is_honoured(bench, after, pause):
    """The server's wish counts if it is longer than ours, but not for ever."""
    bench.sink.script = [Retry("429", after_s=after)]
    bench.append(1)
    async with running(bench.deliverer):
        await until(lambda: bench.time.waiting == [pause])
        await bench.time.tick()
        await bench.delivered()


async def test_what_the_user_must_repair_is_held_and_probed(bench):
    """401 and its like keep the data, show the advice, and go on when repaired."""
    bench.sink.script = [Hold("401 unauthorized", "set sinks.token")] * 4
    bench.append(1)
    async with running(bench.deliverer):
        for count in range(1, 5):
            await until(lambda: bench.time.waiting == [10.0])
            assert len(bench.sink.bodies) == count
            assert (bench.stats.state, bench.stats.breaker) == ("held", "open")
            assert bench.stats.advice == "set sinks.token"
            await bench.time.tick()
        await bench.delivered()
    assert (bench.stats.state, bench.stats.advice) == ("ok", "")
    assert bench.stats.last_error == "401 unauthorized"
    assert bench.stats.resent == bench.stats.retries == 0


async def test_what_is_too_big_is_halved(bench):
    """413: halves until they fit; everything arrives, in order."""
    bench.sink.most = 3
    bench.append(*range(20), record=20)
    async with running(bench.deliverer):
        await bench.delivered()
    assert bench.sink.stored == lines(*range(20))
    assert bench.stats.dead_lettered == 0


async def test_a_server_that_takes_not_even_a_line_is_held(bench):
    """No good line dies for a proxy that refuses every body; all is sent afterwards."""
    bench.sink.most = 0
    bench.append(*range(4), record=4)
    async with running(bench.deliverer):
        await until(lambda: bench.stats.state == "held")
        assert "client_max_body_size" in bench.stats.advice
        bench.sink.most = 10
        await bench.time.tick()
        await bench.delivered()
    assert bench.sink.stored == lines(*range(4))
    assert bench.stats.dead_lettered == 0


async def test_a_line_that_is_too_big_alone_is_a_dead_letter(bench, monkeypatch):
    """A single large line that the server does not take must not stop the others."""
    monkeypatch.setattr(flight, "USUAL_BYTES", 0)
    bench.sink.most = 0
    bench.append(1)
    async with running(bench.deliverer):
        await bench.delivered()
    assert bench.dead() == [
        {
            "time": 1_000.0,
            "sink": "db",
            "reason": "413 too large",
            "line": "m,e=a v=1 1",
        }
    ]
    assert (bench.stats.written, bench.stats.dead_lettered) == (0, 1)
    assert bench.stats.last_error == "413 too large"


@given(st.sets(st.integers(0, 29)), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
async def test_exactly_the_bad_lines_become_dead_letters(tmp_path_factory, bad, record):
    """Whatever lines are bad: these are put aside, all others are stored."""
    bench = Bench(tmp_path_factory.mktemp("deliver"))
    bench.sink.bad = set(lines(*bad))
    bench.append(*range(30), record=record)
    async with running(bench.deliverer):
        await bench.delivered()
    assert set(bench.sink.stored) == set(lines(*range(30))) - bench.sink.bad
    dead = [letter["line"].encode() for letter in bench.dead()] if bad else []
    assert dead == [line(n) for n in range(30) if n in bad]
    assert bench.stats.dead_lettered == len(bad)
    assert bench.stats.written == 30 - len(bad)
    bench.journal.close()


async def test_a_failure_while_halving_goes_on_there(bench):
    """A server that goes away between two halves gets only what is left."""
    bench.sink.bad = set(lines(3))
    bench.append(*range(4), record=4)
    bench.sink.script = [None, None, Retry("reset"), None]
    async with running(bench.deliverer):
        await bench.time.tick()
        await bench.delivered()
    sizes = [len(gzip.decompress(body).splitlines()) for body in bench.sink.bodies]
    assert sizes == [4, 2, 2, 2, 1, 1]
    assert [letter["line"] for letter in bench.dead()] == ["m,e=a v=3 3"]


async def test_dead_letters_are_safe_before_the_cursor_moves(bench, monkeypatch):
    """If the letters cannot be written, the batch stays pending until they can."""
    bench.sink.bad = set(lines(1))
    calls = []
    real = bench.letters.append

    def failing(letters):
        calls.append(bench.stats.pending)
        if len(calls) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(letters)

    monkeypatch.setattr(bench.letters, "append", failing)
    bench.append(1)
    async with running(bench.deliverer):
        await bench.time.tick()
        assert "dead letters" in bench.stats.last_error
        await bench.time.tick()
        await bench.delivered()
    assert calls == [1, 1, 1]
    assert len(bench.dead()) == 1


async def test_one_sink_does_not_wait_for_another(tmp_path):
    """A database that is down, or refuses all, holds no other one back."""
    good = Bench(tmp_path)
    down = Bench(tmp_path, name="down", journal=good.journal)
    down.sink.script = [Retry("down")]
    refusing = Bench(tmp_path, name="refusing", journal=good.journal)
    refusing.sink.bad = set(lines(*range(10)))
    good.append(*range(10))
    for bench in (down, refusing):
        bench.deliverer.wake()
        bench.accepted = 10
    async with running(*(b.deliverer for b in (down, good, refusing))):
        await good.delivered()
        await refusing.delivered()
        await until(lambda: down.stats.state == "retrying")
        assert down.stats.pending == 10
        assert refusing.stats.dead_lettered == 10
        down.balance()
    good.journal.close()


async def test_a_journal_that_cannot_be_read_is_retried(bench):
    """A read error is shown and retried; it ends when the disk is well again."""
    bench.append(1)
    bench.forget()
    bench.disk.fail("open_read", times=2)
    async with running(bench.deliverer):
        await bench.time.tick()
        assert bench.stats.state == "retrying"
        assert "Input/output error" in bench.stats.last_error
        await bench.time.tick()
        await bench.delivered()
    assert bench.stats.state == "ok"


async def test_a_cursor_that_cannot_be_saved_is_told_once(tmp_path, caplog):
    """Delivery goes on; the counters are right; one warning."""
    bench = Bench(tmp_path, save_s=0.0)
    bench.disk.fail("replace", errno.ENOSPC)
    async with running(bench.deliverer):
        for number in range(4):
            calls = len(bench.disk.calls)
            bench.append(number)
            await bench.delivered()
            await until(lambda n=calls: "replace" in bench.disk.calls[n:])
    assert bench.sink.stored == lines(*range(4))
    assert "cursor of db" in bench.stats.last_error
    assert len([r for r in caplog.records if "cannot be saved" in r.getMessage()]) == 1
    bench.disk.heal()
    bench.journal.close()


async def test_points_that_the_journal_gave_up_are_dropped_points(tmp_path):
    """Under a drop policy each sink counts what it never got."""
    for policy in ("drop_oldest", "drop_new"):
        bench = Bench(tmp_path / policy, max_bytes=1_000, when_full=policy)
        bench.append(*range(100))
        async with running(bench.deliverer):
            await bench.delivered()
        assert bench.stats.dropped == 100 - len(bench.sink.stored) > 0
        assert bench.stats.written == len(bench.sink.stored) > 0
        bench.journal.close()


def test_nothing_is_known_before_the_first_write(bench):
    """A sink that was never needed is idle."""
    assert (bench.stats.state, bench.stats.pending) == ("idle", 0)
