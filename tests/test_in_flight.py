"""Several requests under way: answers in any order, and nothing skipped or repeated."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq.sink.base import Done, Hold, Refused, Retry, TooBig
from tests.journal.clockwork import until
from tests.journal.delivery import Bench, line, lines, running


class Asked:
    """One request that waits for its answer."""

    def __init__(self, batch):
        self.lines = batch.lines().splitlines()
        self.answer = asyncio.get_running_loop().create_future()


class Slow:
    """A database whose answers the test gives, in any order.

    `confirmed`: every line that it has confirmed; none of them may come again.
    """

    name = "db"
    joins_members = True

    def __init__(self, bad=()):
        self.bad = set(bad)
        self.asked = []
        self.confirmed = set()
        self.stored = set()

    async def start(self):
        """Nothing to prepare."""

    async def close(self):
        """Nothing to close."""

    async def write(self, batch):
        asked = Asked(batch)
        assert not self.confirmed.intersection(asked.lines)
        self.asked.append(asked)
        try:
            return await asked.answer
        finally:
            self.asked.remove(asked)

    def say(self, number, answer=None):
        """Answer one request; without an answer, judge its lines."""
        asked = self.asked[number % len(self.asked)]
        if asked.answer.done():
            return
        bad = self.bad.intersection(asked.lines)
        self.stored.update(asked.lines if answer is None else ())
        if answer is None and bad:
            answer = Refused("bad line")
        if answer is None:
            answer = Done()
            self.confirmed.update(asked.lines)
        asked.answer.set_result(answer)


def made(path, *, bad=(), **kwargs):
    """A bench with such a database."""
    return Bench(path, sink=Slow(bad), max_points=2, **kwargs)


async def settle():
    """Let everything happen that can."""
    for _ in range(30):
        await asyncio.sleep(0)


async def test_the_cursor_moves_over_what_is_confirmed_without_a_hole(tmp_path):
    """Later requests may be confirmed first; the cursor waits for the earlier one."""
    bench = made(tmp_path, in_flight=3)
    cursor = bench.deliverer._cursor
    bench.append(*range(10), record=2)
    async with running(bench.deliverer):
        await until(lambda: len(bench.sink.asked) == 3)
        assert [a.lines for a in bench.sink.asked] == [
            lines(0, 1), lines(2, 3), lines(4, 5),
        ]  # fmt: skip
        bench.sink.say(2)
        bench.sink.say(1)
        await settle()
        assert (cursor.position.offset, bench.stats.written) == (0, 0)
        assert len(bench.sink.asked) == 1
        bench.balance()
        bench.sink.say(0)
        await until(lambda: cursor.position.offset == 6)
        assert bench.stats.written == 6
        while bench.stats.pending:
            await until(lambda: bench.sink.asked)
            bench.sink.say(0)
            await settle()
    assert bench.sink.confirmed == set(lines(*range(10)))
    bench.journal.close()


async def test_a_new_run_sends_only_what_is_not_confirmed(tmp_path):
    """Cancelled with a hole before it, what was confirmed is not sent again."""
    bench = made(tmp_path, in_flight=2)
    bench.append(*range(4), record=2)
    async with running(bench.deliverer):
        await until(lambda: len(bench.sink.asked) == 2)
        bench.sink.say(1)
        await settle()
    async with running(bench.deliverer):
        await until(lambda: bench.sink.asked)
        await settle()
        assert [a.lines for a in bench.sink.asked] == [lines(0, 1)]
        bench.sink.say(0)
        await until(lambda: bench.stats.pending == 0)
    bench.balance()
    bench.journal.close()


async def test_a_new_run_writes_no_dead_letter_again(tmp_path):
    """What came to its end behind a request under way is at its end for the next run."""
    bench = made(tmp_path, bad=lines(2, 3), in_flight=2)
    bench.append(*range(4), record=2)
    async with running(bench.deliverer):
        await until(lambda: len(bench.sink.asked) == 2)
        while not bench.deliverer._lanes.main.flights[1].landed:
            if len(bench.sink.asked) == 2:
                bench.sink.say(1)
            await settle()
    async with running(bench.deliverer):
        while bench.stats.pending:
            if bench.sink.asked:
                bench.sink.say(0)
            await settle()
    assert sorted(letter.line for letter in bench.letters.read()) == lines(2, 3)
    assert bench.stats.dead_lettered == 2
    bench.journal.close()


async def test_a_hole_behind_a_request_under_way_is_read_once(tmp_path):
    """Idle workers do not wake each other over what only the cursor can step over."""
    bench = made(tmp_path, in_flight=3)
    bench.append(*range(4), record=2)
    bench.forget()
    (segment,) = (tmp_path / "journal" / "ha").iterdir()
    data = bytearray(segment.read_bytes())
    data[-10] ^= 0xFF
    segment.write_bytes(data)
    reads = []
    cursor = bench.deliverer._cursor
    read = cursor.read
    cursor.read = lambda *args: reads.append(args) or read(*args)
    async with running(bench.deliverer):
        await until(lambda: bench.sink.asked)
        for _ in range(20):
            await settle()
        assert len(reads) < 6
        bench.sink.say(0)
        await until(lambda: bench.stats.pending == 0)
    assert (bench.stats.written, bench.stats.dropped) == (2, 2)
    bench.balance()
    bench.journal.close()


async def test_all_wait_while_one_probes(tmp_path):
    """A database that is down gets one request at a time, whatever is allowed."""
    bench = made(tmp_path, in_flight=4)
    bench.append(*range(8), record=2)
    async with running(bench.deliverer):
        await until(lambda: len(bench.sink.asked) == 4)
        for _ in range(4):
            bench.sink.say(0, Retry("down"))
            await settle()
        assert (bench.stats.breaker, bench.sink.asked) == ("open", [])
        for _ in range(2):
            await bench.time.tick()
            await settle()
            assert (bench.stats.breaker, len(bench.sink.asked)) == ("half-open", 1)
            bench.sink.say(0, Hold("401", "advice"))
            await settle()
        assert bench.stats.state == "held"
        await bench.time.tick()
        await until(lambda: bench.sink.asked)
        bench.sink.say(0)
        await until(lambda: len(bench.sink.asked) >= 3)
        assert (bench.stats.breaker, bench.stats.state) == ("closed", "ok")
    bench.journal.close()


async def test_a_drain_ends_with_several_under_way(tmp_path):
    """Drain waits for all of them, and says whether all is delivered."""
    bench = made(tmp_path, in_flight=3)
    bench.append(*range(8), record=2)
    async with running(bench.deliverer):
        await until(lambda: len(bench.sink.asked) == 3)
        draining = asyncio.ensure_future(bench.deliverer.drain(20))
        while not draining.done():
            if bench.sink.asked:
                bench.sink.say(-1)
            await settle()
        assert await draining
    assert bench.stats.written == 8
    bench.journal.close()


@pytest.mark.parametrize("damaged", [1, 3])
async def test_a_loss_ahead_is_counted_when_the_cursor_comes_to_it(tmp_path, damaged):
    """A record that is damaged between two requests under way is dropped, once."""
    bench = made(tmp_path, in_flight=2)
    bench.append(*range(8), record=2)
    bench.forget()
    (segment,) = (tmp_path / "journal" / "ha").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 4 * damaged + 70] ^= 0xFF
    segment.write_bytes(data)
    async with running(bench.deliverer):
        while bench.stats.pending:
            await settle()
            bench.balance()
            if bench.sink.asked:
                bench.sink.say(-1)
    assert (bench.stats.dropped, bench.stats.written) == (2, 6)
    assert bench.all.journal.corrupt_records == 1
    assert len(bench.sink.confirmed) == 6
    bench.journal.close()


ANSWERS = st.sampled_from(
    [None, None, None, Retry("500"), Retry("reset", sent=False), Hold("401", "x"),
     TooBig("413"), Refused("400"), "tick", "append", "rerun", "forget"]
)  # fmt: skip


@given(
    st.integers(1, 5),
    st.sets(st.integers(0, 40)),
    st.lists(st.tuples(ANSWERS, st.integers(0, 9)), max_size=40),
)
@settings(max_examples=60, deadline=None)
async def test_whatever_is_answered_every_line_has_one_end(
    tmp_path_factory, in_flight, bad, steps
):
    """Each line is confirmed once or dead; the cursor never stands behind another."""
    bench = made(tmp_path_factory.mktemp("j"), bad=lines(*bad), in_flight=in_flight)
    cursor = bench.deliverer._cursor
    count = 0

    def append(many):
        nonlocal count
        bench.append(*range(count, count + many), record=1 + many % 3)
        count += many

    def check():
        bench.balance()
        assert len(bench.sink.asked) <= in_flight
        dead = {letter["line"].encode() for letter in bench.dead()}
        ended = bench.sink.confirmed | dead
        assert all(line(number) in ended for number in range(cursor.position.offset))

    bench.letters.path.parent.mkdir()
    bench.letters.path.touch()
    append(7)
    steps = iter(steps)
    while True:
        async with running(bench.deliverer):
            for answer, number in steps:
                await settle()
                check()
                if answer == "append":
                    append(number + 1)
                elif answer == "rerun":
                    break
                elif answer == "forget":
                    bench.forget()
                elif answer == "tick":
                    if bench.time.waiting:
                        await bench.time.tick()
                elif bench.sink.asked:
                    refused = isinstance(answer, Refused | TooBig)
                    if refused and len(bench.sink.asked[0].lines) == 1:
                        answer = None  # only a bad line may die  # noqa: PLW2901
                    bench.sink.say(0 if refused else number, answer)
            else:
                while bench.stats.pending:
                    await settle()
                    check()
                    if bench.sink.asked:
                        bench.sink.say(0)
                    elif bench.time.waiting:
                        await bench.time.tick()
                break
    check()
    dead = {letter["line"].encode() for letter in bench.dead()}
    every = set(lines(*range(count)))
    assert dead == every.intersection(lines(*bad))
    assert bench.sink.confirmed == every - dead
    assert bench.stats.dead_lettered == len(dead)
    assert bench.stats.written == count - len(dead)
    bench.journal.close()
