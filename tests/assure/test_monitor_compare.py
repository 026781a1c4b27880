"""States that Home Assistant has against events that came."""

from __future__ import annotations

from hiq.assure.monitor_compare import Comparison
from hiq.assure.monitor_facts import Facts


def found(comparison: Comparison, **counts: int) -> list[str]:
    """Return the messages of a look at which so many events had come."""
    return [one.message for one in comparison(Facts(0.0, entities=(*counts.items(),)))]


def test_a_newer_state_without_an_event_is_behind() -> None:
    """Told until an event comes, and only of what has not moved."""
    comparison = Comparison()
    comparison.take({"a": "10:00", "b": "10:00"}, {"a": 5, "b": 5})
    assert found(comparison, a=5, b=5) == []
    comparison.take({"a": "10:03", "b": "10:04"}, {"a": 5, "b": 6})
    (text,) = found(comparison, a=5, b=6)
    assert text.startswith("Home Assistant has changed a, and no event")
    comparison.take({"a": "10:03", "b": "10:04"}, {"a": 5, "b": 6})
    assert len(found(comparison, a=5, b=6)) == 1
    assert found(comparison, a=6, b=6) == []
    comparison.take({"a": "10:08", "b": "10:04"}, {"a": 6, "b": 6})
    assert found(comparison, a=6, b=6) == []


def test_an_event_that_comes_before_the_next_look_is_enough() -> None:
    """What was suspected is told only if it is still so."""
    comparison = Comparison()
    comparison.take({"a": "10:00"}, {"a": 5})
    comparison.take({"a": "10:05"}, {"a": 5})
    assert found(comparison, a=6) == []


def test_a_lost_connection_begins_anew() -> None:
    """What changed meanwhile came as states at connect."""
    comparison = Comparison()
    comparison.take({"a": "10:00"}, {"a": 5})
    comparison.forget()
    comparison.take({"a": "10:05"}, {"a": 5})
    assert found(comparison, a=5) == []


def test_many_are_told_together() -> None:
    """Three by name, the rest as a number; who is not followed is not compared."""
    comparison = Comparison()
    names = ["a", "b", "c", "d", "e"]
    counts = dict.fromkeys(names, 1)
    for stamp in ("10:00", "10:05"):
        comparison.take(dict.fromkeys([*names, "x"], stamp), counts)
    (text,) = found(comparison, **counts)
    assert "changed a, b, c and 2 more, and" in text
    assert comparison.compared == 5


def test_what_is_gone_is_known_by_the_last_answer() -> None:
    """Before an answer, and after a lost connection, nobody is gone."""
    comparison = Comparison()
    assert not comparison.gone("b")
    comparison.take({"a": "10:00"}, {"a": 1, "b": 1})
    assert comparison.gone("b")
    assert not comparison.gone("a")
    comparison.forget()
    assert not comparison.gone("b")
