"""The whole range: windows, entities, repair; against a made-up recorder and sink."""

from __future__ import annotations

from hiq.audit import Audited, Rows, audit, chosen
from hiq.sink.encode import encode, encode_series
from hiq.sink.stored import Stored

SECOND = 10**6
DAY = 24 * 3600


class Recorder:
    """Rows as (entity, microseconds, value); value None makes no point."""

    def __init__(self, rows, names=None):
        self.all = sorted(rows, key=lambda row: row[1])
        self.known = names
        self.asked = []
        self.most = 0

    async def names(self):
        if self.known is not None:
            return set(self.known)
        return {name for name, _, _ in self.all}

    async def rows(self, entity_ids, after_us, until_us, limit):
        self.asked.append((after_us, until_us))
        names = set(entity_ids)
        mine = [r for r in self.all if r[0] in names and after_us < r[1] <= until_us]
        self.most = max(self.most, len(mine))
        return Rows(
            {"ha": b"\n".join(line(*row) for row in mine if row[2] is not None)},
            {(name, at * 1000) for name, at, _ in mine},
            complete=len(mine) <= limit,
        )


class Sink:
    """What a database holds, and what is written to it."""

    samples = False

    def __init__(self, points):
        self.points = list(points)
        self.written = []

    async def read(self, start_ns, end_ns):
        for name, at, value in self.points:
            if start_ns <= at * 1000 < end_ns:
                yield Stored("m", name, at * 1000, {"value": value})

    async def write(self, lines):
        self.written += lines
        return len(lines)

    async def close(self):
        pass


def line(name, at_us, value):
    domain, _, entity = name.partition(".")
    series = encode_series("m", {"domain": domain, "entity_id": entity})
    return encode(series, at_us * 1000, [("value", value)]).encode()[:-1]


def rows(count, name="sensor.a", step=SECOND):
    return [(name, n * step, float(n)) for n in range(count)]


async def compared(recorder, sink, end=DAY, **kwargs):
    """The result over the first seconds of 1970."""
    repairing = kwargs.pop("repair", False)
    it = Audited("db", "ha", sink, write=sink.write if repairing else None)
    await audit(recorder, [it], 0, end * SECOND, **kwargs)
    return it


async def test_all_windows_together_are_the_range():
    """No row is compared twice or left out, whatever the windows."""
    everything = rows(2000, step=7 * SECOND + 1)
    for max_rows in (10, 100, 10_000):
        recorder = Recorder(everything)
        it = await compared(recorder, Sink(everything), max_rows=max_rows)
        assert it.counts == {"compared": 2000}
        assert not it.differs


async def test_a_window_holds_few_rows():
    """A burst is taken in halves; quiet hours in long windows."""
    burst = [("sensor.a", 3600 * SECOND + n * 1000, 1.0) for n in range(60_000)]
    recorder = Recorder(burst)
    it = await compared(recorder, Sink(burst), max_rows=2_000)
    assert it.counts == {"compared": 60_000}
    complete = [after for after, _ in recorder.asked]
    assert len(complete) < 200
    quiet = Recorder(rows(10))
    await compared(quiet, Sink(rows(10)), end=365 * DAY)
    assert len(quiet.asked) < 400


async def test_what_was_deleted_is_named_and_written():
    """Exactly the missing points are found, and brought by a repair."""
    everything = rows(500)
    sink = Sink(r for r in everything if r[1] // SECOND % 50)
    it = await compared(Recorder(everything), sink, repair=True)
    assert it.counts == {"compared": 500, "missing": 10, "repaired": 10}
    assert [f.time_ns for f in it.findings] == [n * 50 * 10**9 for n in range(10)]
    assert sink.written == [
        line("sensor.a", n * 50 * SECOND, n * 50.0) + b"\n" for n in range(10)
    ]
    assert it.differs


async def test_an_entity_that_is_gone_from_home_assistant_is_found_in_the_sink():
    """Its rows are asked for when its points are met."""
    everything = rows(100) + rows(100, "light.gone")
    sink = Sink(everything[:150])
    it = await compared(Recorder(everything, names={"sensor.a"}), sink)
    assert it.counts == {"compared": 200, "missing": 50}


async def test_only_the_entities_that_are_meant():
    """Globs choose; a plain name is asked for even if nobody knows it."""
    everything = rows(10) + rows(10, "light.b") + rows(10, "light.gone")
    recorder = Recorder(everything, names={"sensor.a", "light.b"})
    it = await compared(recorder, Sink([]), patterns=["light.b", "light.gone"])
    assert it.counts == {"compared": 20, "missing": 20}
    it = await compared(recorder, Sink([]), patterns=["sens*"])
    assert it.counts == {"compared": 10, "missing": 10}
    it = await compared(recorder, Sink(everything), patterns=["sens*"])
    assert it.counts == {"compared": 10}


async def test_entities_without_any_row_are_not_judged():
    """The recorder may leave them out."""
    sink = Sink(rows(5) + rows(3, "camera.x"))
    it = await compared(Recorder(rows(5), names={"sensor.a", "camera.x"}), sink)
    assert it.counts == {"compared": 5, "unjudged": 3}
    assert it.unjudged == {"camera.x": 3}
    assert not it.differs


async def test_rows_without_a_point():
    """They are neither missing nor extra; a range without any is clean."""
    recorder = Recorder([("sensor.a", 5 * SECOND, None)])
    it = await compared(recorder, Sink([("sensor.a", 5 * SECOND, 1.0)]))
    assert not it.counts
    told = []
    await audit(Recorder([]), [], 0, 3600 * SECOND, progress=told.append)
    assert told[-1] == 3600 * SECOND


def test_chosen():
    """Without globs all, else what one of them matches, case and all."""
    names = ["sensor.a", "light.b"]
    assert list(chosen(names, ())) == names
    assert list(chosen(names, ("light.*", "x"))) == ["light.b"]
    assert list(chosen(names, ("Light.*",))) == []
