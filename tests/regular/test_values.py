"""The last values: the newest stays, and there is a bound."""

from __future__ import annotations

from hiq.regular.values import LastValues, Value


def test_what_is_learned_late_does_not_replace_what_is_newer():
    """States at connect are read in steps, while events come."""
    values = LastValues()
    values.put(Value("a.b", 5, b"new"))
    values.learn(Value("a.b", 3, b"old"))
    values.learn(Value("a.c", 3, b"old"))
    assert {v.entity_id: v.state for v in values.present()} == {
        "a.b": b"new",
        "a.c": b"old",
    }


def test_what_is_gone_stays_gone():
    """Also if its state at connect is learned later."""
    values = LastValues()
    values.put(Value("a.b", 5, b""))
    values.learn(Value("a.b", 3, b"old"))
    assert values.present() == []
    values.put(Value("a.b", 6, b"back"))
    assert [v.updated_us for v in values.present()] == [6]
    values.clear()
    assert len(values) == 0


def test_what_does_not_fit_is_counted():
    """A state that grew too long is not remembered with its old text."""
    one = Value("a.b", 1, b"12345")
    values = LastValues(max_bytes=2 * one.size - 1)
    values.put(one)
    values.put(Value("a.c", 1, b"12345"))
    assert (len(values), values.left_out) == (1, 1)
    values.put(Value("a.b", 2, b"1" * one.size * 2))
    assert (len(values), values.left_out) == (0, 2)
    values.put(Value("a.c", 3, b"1234"))
    assert len(values) == 1
    for number in range(100):  # what is gone takes room, too
        values.put(Value(f"a.b{number}", 1, b""))
    assert len(values) == 2
    values.forget("a.c")
    values.put(one)
    assert {value.entity_id for value in values.present()} == {"a.b"}
