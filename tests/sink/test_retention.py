"""What the store forgets: by age and by size, in bounded steps, counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.sink import retention
from hiq.sink.retention import SPAN_NS, file_bytes, used_bytes
from hiq.sink.store import Store

SPAN_S = SPAN_NS // 10**9
T0 = 1_700_000_000 // SPAN_S * SPAN_S


class Clock:
    def __init__(self) -> None:
        self.now = float(T0)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def make(tmp_path: Path):
    made = []

    def store(**limits) -> tuple[Store, Clock]:
        clock = Clock()
        made.append(Store(tmp_path / f"{len(made)}.db", clock=clock, **limits))
        return made[-1], clock

    yield store
    for one in made:
        one.close()


def put(store: Store, time_s: float, series: int = 1, text: str = "") -> None:
    store.write(
        b"".join(
            b'm,entity_id=s%d v=1,text="%s" %d\n' % (n, text.encode(), time_s * 10**9)
            for n in range(series)
        )
    )


def times(store: Store) -> list[int]:
    found = store.open().execute("SELECT DISTINCT time_ns FROM samples ORDER BY 1")
    return [row[0] // 10**9 for row in found]


def removed(store: Store) -> dict[str, int]:
    return dict(store.open().execute("SELECT * FROM removed"))


def test_without_limits_everything_stays(make) -> None:
    """No limit, no sweep."""
    store, clock = make()
    put(store, 1)
    clock.now += 10**9
    put(store, clock.now)
    assert len(times(store)) == 2
    assert removed(store) == {}


def test_old_samples_go_and_are_counted(make) -> None:
    """What is older than the retention goes with the next write, in whole spans."""
    store, clock = make(retention_s=3600)
    put(store, T0, series=3)
    put(store, T0 + SPAN_S, series=3)
    clock.now = T0 + SPAN_S + 3600
    put(store, clock.now, series=3)
    assert times(store) == [T0 + SPAN_S, int(clock.now)]
    assert removed(store) == {"age": 6}


def test_a_step_is_bounded_and_goes_on_later(make, monkeypatch) -> None:
    """A store far over its limit comes down batch by batch."""
    monkeypatch.setattr(retention, "MIN_SAMPLES", 10)
    store, clock = make(retention_s=3600)
    for series in range(4):
        store.write(
            b"".join(
                b"m,entity_id=s%d v=1 %d\n" % (series, (T0 + n) * 10**9)
                for n in range(25)
            )
        )
    clock.now = T0 + 10 * 3600
    counts = []
    for number in range(12):
        put(store, clock.now + number)
        counts.append(sum(removed(store).values()))
    steps = [b - a for a, b in zip([0, *counts], counts, strict=False)]
    assert max(steps) <= 10
    assert counts[-1] == 100
    assert min(times(store)) == int(clock.now)


def test_series_are_visited_in_pieces(make, monkeypatch) -> None:
    """A step looks at a limited number of series only."""
    monkeypatch.setattr(retention, "MAX_SERIES", 2)
    store, clock = make(retention_s=3600)
    put(store, T0, series=7)
    clock.now = T0 + 10 * 3600
    put(store, clock.now)
    assert sum(removed(store).values()) <= 4
    for number in range(5):
        put(store, clock.now + number)
    assert T0 not in times(store)


def test_a_late_sample_is_swept_too(make, monkeypatch) -> None:
    """What comes in behind a running sweep does not stay for ever."""
    monkeypatch.setattr(retention, "MAX_SERIES", 1)
    store, clock = make(retention_s=3600)
    put(store, T0, series=3)
    clock.now = T0 + 10 * 3600
    put(store, clock.now)  # the first series is swept
    put(store, T0 + 1)  # and gets an old sample
    for number in range(12):
        put(store, clock.now + number)
    assert T0 + 1 not in times(store)
    assert T0 not in times(store)


def test_the_size_is_held(make) -> None:
    """The oldest spans go when the file is full; it does not grow beyond the cap."""
    cap = 400_000
    store, clock = make(max_bytes=cap)
    for number in range(60):
        clock.now = T0 + number * SPAN_S
        put(store, clock.now, series=20, text="x" * 300)
    assert used_bytes(store.open()) < cap + 60_000
    assert file_bytes(store.open()) < cap + 60_000
    kept = times(store)
    assert kept[-1] == int(clock.now)
    assert kept == [T0 + n * SPAN_S for n in range(60 - len(kept), 60)]
    assert len(kept) > 5
    assert removed(store)["size"] == (60 - len(kept)) * 40


def test_the_newest_span_always_stays(make) -> None:
    """A cap that is too small never takes what has just come in."""
    store, _clock = make(max_bytes=1)
    for number in range(5):
        put(store, T0 + number, series=3, text="y" * 500)
    assert times(store) == [T0 + n for n in range(5)]
    put(store, T0 + SPAN_S)
    put(store, T0 + SPAN_S + 1)
    assert min(times(store)) >= T0 + SPAN_S


def test_a_smaller_cap_shrinks_the_file(make) -> None:
    """Free pages go back to the file system when the cap was lowered."""
    store, _clock = make()
    for number in range(40):
        put(store, T0 + number * SPAN_S, series=20, text="x" * 300)
    before = file_bytes(store.open())
    store.close()
    small = Store(store.path, max_bytes=before // 4)
    for number in range(60):
        put(small, T0 + 40 * SPAN_S + number)
    assert file_bytes(small.open()) < before // 2
    small.close()


def test_spans_are_remembered_in_bounds(make, monkeypatch) -> None:
    """A backfill of many spans does not fill the memory."""
    monkeypatch.setattr(retention, "KNOWN_SPANS", 5)
    store, _clock = make()
    for number in range(30):
        put(store, T0 + number * SPAN_S)
    assert len(store._retention._known) <= 7
    (count,) = store.open().execute("SELECT count(*) FROM spans").fetchone()
    assert count == 30
