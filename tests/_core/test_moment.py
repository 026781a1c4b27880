"""Time stamps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import agree
from tests.events import frame, state_changed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(
    datetime(1700, 1, 1),
    datetime(2250, 1, 1),
    timezones=ZONES,
)


def stamp(text: str, **options: str) -> int:
    """The time stamp of an event with this time."""
    pipeline = Pipeline(options)
    assert pipeline.feed(frame(state_changed(time=text))).points == 1
    return int(pipeline.take().split()[-1])


@settings(max_examples=500)
@given(MOMENTS)
def test_timestamp_integer_exact(moment: datetime) -> None:
    """Every microsecond of five centuries, at any offset, is exact."""
    expected = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    assert stamp(moment.isoformat()) == expected


@settings(max_examples=300)
@given(st.lists(MOMENTS.map(lambda m: m.astimezone(UTC)), min_size=2, max_size=5))
def test_order_of_events_never_matters(moments: list[datetime]) -> None:
    """A stamp does not depend on the one before it."""
    near = [moment + timedelta(seconds=1) for moment in moments]
    pipeline = Pipeline()
    for moment in moments + near + near:
        pipeline.feed(frame(state_changed(time=moment.isoformat())))
    found = [int(line.split()[-1]) for line in pipeline.take().splitlines()]
    assert found == [
        (moment - EPOCH) // timedelta(microseconds=1) * 1000
        for moment in moments + near + near
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5+00:00", 500_000_000),
        ("1969-12-31T23:59:59.999999+00:00", -1000),
        ("2024-02-29T12:00:00+14:00", 1709157600000000000),
        ("2000-01-01T00:00:00.000001-00:30", 946686600000001000),
    ],
)
def test_forms(text: str, expected: int) -> None:
    """The fraction may be absent or short, the offset anything or `Z`."""
    assert stamp(text) == expected


@pytest.mark.parametrize(
    ("precision", "unit"), [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)]
)
@pytest.mark.parametrize(
    "text", ["2026-11-20T15:09:29.798309Z", "1969-12-31T23:59:58.000001Z"]
)
def test_precision_floor(precision: str, unit: int, text: str) -> None:
    """A coarser precision floors the stamp, also before 1970."""
    assert stamp(text, precision=precision) == stamp(text) // unit * unit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-20",
        "2026-11-20T15:09:29",
        "2026-11-20 15:09:29Z",
        "2026-11-20T15:09:29.Z",
        "2026-11-20T15:09:29.1234567Z",
        "2026-11-20T15:09:29z",
        "2026-11-20T15:09:29+0000",
        "2026-11-20T15:09:29+24:00",
        "2026-11-20T15:09:29+0a:00",
        "2026-11-20T24:00:00Z",
        "2026-11-20T15:60:00Z",
        "2026-11-20T15:09:60Z",
        "2026-13-20T15:09:29Z",
        "2026-00-20T15:09:29Z",
        "2026-11-31T15:09:29Z",
        "2026-11-00T15:09:29Z",
        "2023-02-29T15:09:29Z",
        "1900-02-29T15:09:29Z",
        "0000-01-01T00:00:00Z",
        "2026-11-20T15:09:29.79830x+00:00",
        "2026-11-20T15:09:6x.798309+00:00",
        "2026-11-20T15:09:75.798309+00:00",
        "x026-11-20T15:09:29.798309+00:00",
        5,
        None,
    ],
)
def test_bad_times(text: object) -> None:
    """What is not a date-time with an offset is refused, before and after a good one."""
    bad, good = frame(state_changed(time=text)), frame(state_changed())
    pipeline = Pipeline()
    assert [pipeline.feed(given).rejected for given in (bad, good, bad)] == [1, 0, 1]
    assert {reason for reason, _ in pipeline.rejects()} == {"BAD_TIME"}
    agree([bad, good, bad])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1600-01-01T00:00:00Z", "NOT_ENCODABLE"),
        ("2300-01-01T00:00:00Z", "NOT_ENCODABLE"),
        ("2262-04-11T23:47:15.999999Z", None),
        ("2262-04-11T23:47:16Z", "NOT_ENCODABLE"),
        ("1677-09-21T00:12:45Z", None),
        ("1677-09-21T00:12:44Z", "NOT_ENCODABLE"),
    ],
)
def test_times_beyond_64_bits(text: str, reason: str | None) -> None:
    """A time whose nanoseconds do not fit cannot become a line."""
    pipeline = Pipeline()
    assert pipeline.feed(frame(state_changed(time=text))).points == (reason is None)
    assert [found for found, _ in pipeline.rejects()] == ([reason] if reason else [])
    agree([frame(state_changed(time=text))])
