"""Names of fields and tags: collisions, cleaning, order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._core.helpers import agree, compact, fields, point, raw

NAMES = st.sampled_from(
    [
        *"a a_ a__ a_str a__str value value_ state state_ time time_ time__ b".split(),
        *["time\n", "a\n", "\n", "", "a b", "a\\ b", "x\\", "x ", "é", "\u2028", "ab"],
    ]
)
VALUES = st.sampled_from([1, "x", "12%", "nan", "7", None, [1, 22]])


@settings(max_examples=800)
@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=8), st.sampled_from(["on", "5", "nan"])
)
def test_collisions(pairs: list[tuple[str, object]], state: str) -> None:
    """Any order of clashing names gives what the reference gives, twice."""
    text = ",".join(f"{compact(key)}:{compact(value)}" for key, value in pairs)
    frame = raw("{" + text + "}", compact(state))
    agree([frame, frame])
    agree([frame], {"tags_attributes": ["a", "time", "value", "time\n", "x\\", ""]})


@settings(max_examples=100)
@given(st.sets(st.text(max_size=10), min_size=40, max_size=70))
def test_sorted_keys_unicode(names: set[str]) -> None:
    """Fields stand in the order of code points, few or many."""
    agree([raw(compact(dict.fromkeys(names, 1)))])


@pytest.mark.parametrize("count", [47, 48, 49, 200, 2000])
def test_many_names(count: int) -> None:
    """Many fields are sorted as few are."""
    names = [f"n{number * 7919 % 10007}" for number in range(count)]
    found = fields(dict.fromkeys(names, 1))
    assert list(found) == sorted(names)


def test_time_gives_way() -> None:
    """A field `time` is renamed until its name is free."""
    assert fields({"time": 1, "time_": 2}) == {"time_": 2.0, "time__": 1.0}
    tagged = point({"tags_attributes": ["time"]}, attributes={"time": "x"})
    assert tagged.tags["time_"] == "x"


def test_deleted_field_loses_its_place() -> None:
    """A field that was taken back may be set again by a later attribute."""
    assert fields({"a_": 1, "a": 2}) == {"a_": 1.0, "a": 2.0}
    agree([raw('{"a":1,"a_":5,"b":"nan","b_str":3,"state":"inf","state_":4}')])
