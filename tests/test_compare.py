"""One window: what is missing, extra, different, and what is none of these."""

from __future__ import annotations

from typing import Any

from hiq.compare import Expected, Finding, Window
from hiq.sink.encode import encode, encode_series
from hiq.sink.stored import Stored

ENTITY = "sensor.a"
MS = 10**6


def point(time_ns: int, measurement: str = "m", **fields: Any) -> Any:
    """An expected point and its key."""
    series = encode_series(measurement, {"domain": "sensor", "entity_id": "a"})
    line = encode(series, time_ns, fields.items()).encode()[:-1]
    return (ENTITY, time_ns), Expected(series, measurement, fields, line)


def window(
    *points: Any, samples: bool = False, also: Any = (), **kwargs: Any
) -> Window:
    """A window that expects these points; the recorder also has rows at `also`."""
    known = {key for key, _ in points} | {(ENTITY, at) for at in also}
    kwargs.setdefault("recorded", {ENTITY})
    kwargs.setdefault("limit", 100)
    return Window(points, known, {ENTITY, "sensor.b"}, samples=samples, **kwargs)


def stored(time_ns: int, measurement: str = "m", entity: str = ENTITY, **fields: Any):
    """A stored point."""
    return Stored(measurement, entity, time_ns, fields)


def judged(it: Window, *points: Stored) -> list[Finding]:
    """The findings about these stored points."""
    for each in points:
        it.see(each)
    it.finish()
    return it.findings


def test_what_is_there_is_no_finding() -> None:
    """Also if it comes field by field, or has fields that no recorder keeps."""
    it = window(point(1, value=1.0, state="on"), point(2, value=2.0))
    found = judged(
        it, stored(1, value=1.0), stored(1, state="on", icon="x"), stored(2, value=2.0)
    )
    assert found == []
    assert it.counts == {"compared": 2}
    assert it.repairs == []


def test_missing() -> None:
    """Nothing of the point is there; its line repairs it."""
    it = window(point(1, value=1.0), point(2, value=2.0))
    assert judged(it, stored(1, value=1.0)) == [Finding("missing", ENTITY, 2, "m")]
    assert it.repairs == [b"m,domain=sensor,entity_id=a value=2.0 2\n"]


def test_different_values_and_missing_fields() -> None:
    """A wrong value is told and left; a field that is not there is written."""
    it = window(point(1, value=1.0, state="on"))
    assert judged(it, stored(1, value=3.0)) == [
        Finding("different", ENTITY, 1, "m", "value", 1.0, 3.0),
        Finding("different", ENTITY, 1, "m", "state", "on", None),
    ]
    assert it.repairs == [b'm,domain=sensor,entity_id=a state="on" 1\n']


def test_renamed_fields() -> None:
    """With `types: coerce` a text beside a number has another name."""
    it = window(point(1, value="warm", b=1.0), coerced=True)
    assert judged(it, stored(1, value=20.0, value_str="warm", b=1.0)) == []
    it = window(point(1, value="warm"), coerced=True)
    (finding,) = judged(it, stored(1, value_str="cold"))
    assert (finding.field, finding.found) == ("value", None)
    (finding,) = judged(window(point(1, value="warm")), stored(1, value_str="warm"))
    assert finding.field == "value"


def test_extra() -> None:
    """A point without a row, or in another series than its row; counted once."""
    it = window(point(1, value=1.0))
    found = judged(
        it,
        stored(1, value=1.0),
        stored(1, "other", value=1.0),
        stored(5, value=1.0),
        stored(5, state="x"),
    )
    assert found == [
        Finding("extra", ENTITY, 1, "other"),
        Finding("extra", ENTITY, 5, "m"),
    ]


def test_a_row_without_a_point_is_known() -> None:
    """What the rules skip today may have been written by the rules of yesterday."""
    assert judged(window(also=[7]), stored(7, value=1.0)) == []


def test_entities_that_are_not_recorded_are_not_judged() -> None:
    """They are counted by name; those that nobody asked about are strangers."""
    it = window(recorded={"sensor.z"})
    found = judged(
        it, stored(1), stored(2), stored(3, entity="sensor.b"), stored(4, entity="x.y")
    )
    assert found == []
    assert it.unjudged == {ENTITY: 2, "sensor.b": 1}
    assert it.strangers == {"x.y"}


def test_a_row_without_attributes_may_be_in_another_series() -> None:
    """Its unit was not recorded, so its measurement cannot be known."""
    key, expected = point(1, value=1.0)
    expected.bare = True
    assert judged(window((key, expected)), stored(1, "°C", value=1.0)) == []


def test_times_that_were_cut_merge() -> None:
    """Two rows in one second are one point, whose later values count."""
    it = window(point(1, value=1.0, a=1.0), point(1, value=2.0))
    assert judged(it, stored(1, value=2.0, a=1.0)) == []
    it = window(point(1, value=1.0, a=1.0), point(1, value=2.0))
    judged(it)
    assert it.repairs == [b"m,domain=sensor,entity_id=a a=1.0,value=2.0 1\n"]


def test_the_list_is_bounded_and_the_count_is_not() -> None:
    """More than the limit are counted only."""
    it = window(*(point(n, value=1.0) for n in range(10)), limit=3)
    assert len(judged(it)) == 3
    assert it.counts["missing"] == 10


def sample(ms: int, name: str, value: float) -> Stored:
    """A number as VictoriaMetrics gives it."""
    return Stored(name, ENTITY, ms * MS, {"": value})


def test_samples_are_numbers_at_milliseconds() -> None:
    """Texts do not count, repeats neither, digits only as far as they are kept."""
    it = window(
        point(1 * MS + 5, value=1 / 3, state="on", state_str="x"),
        point(2 * MS, state="only text"),
        samples=True,
    )
    found = judged(
        it,
        sample(1, "m_value", 0.333333333333),
        sample(1, "m_value", 0.333333333333),
        sample(1, "m_state", 0),
        sample(2, "m_state", 0),
    )
    assert found == []
    assert it.counts == {"compared": 1}


def test_samples_of_one_millisecond_are_a_set() -> None:
    """Two values in one millisecond are both expected, in any order."""

    def two() -> Window:
        points = (point(1 * MS + 5, value=1.0), point(1 * MS + 9, value=2.0))
        return window(*points, samples=True)

    both = (sample(1, "m_value", 2.0), sample(1, "m_value", 1.0))
    assert judged(two(), *both) == []
    it = two()
    (finding,) = judged(it, both[1])
    assert (finding.kind, finding.time_ns) == ("missing", MS)
    assert it.repairs == [b"m,domain=sensor,entity_id=a value=2.0 %d\n" % (MS + 9)]


def test_samples_that_differ() -> None:
    """Another number is told, one without a row is extra."""
    it = window(point(1 * MS, value=1.0, b=2.0), samples=True)
    found = judged(it, sample(1, "m_value", 5.0), sample(9, "m_value", 1.0))
    assert found == [
        Finding("different", ENTITY, MS, "m", "value", 1.0, 5.0),
        Finding("extra", ENTITY, 9 * MS, "m_value"),
        Finding("different", ENTITY, MS, "m", "b", 2.0, None),
    ]
    assert it.repairs == [b"m,domain=sensor,entity_id=a b=2.0 1000000\n"]


def test_snapshots_of_last_values_are_not_extra() -> None:
    """Their mark may come with the values, before or after them."""
    mark = {"hiq_snapshot": 1.0}
    parts = (stored(5, value=1.0), stored(5, **mark), stored(9, value=2.0, **mark))
    for several in (parts, parts[::-1]):
        it = window(point(1, value=1.0))
        assert judged(it, stored(1, value=1.0), *several) == []
    it = window(point(1 * MS, value=1.0), samples=True)
    found = judged(
        it,
        sample(1, "m_value", 1.0),
        sample(5, "m_value", 1.0),
        sample(5, "m_hiq_snapshot", 1.0),
        sample(6, "m_value", 1.0),
    )
    assert found == [Finding("extra", ENTITY, 6 * MS, "m_value")]
