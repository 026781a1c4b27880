"""A fixed set of names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hiq._core.names import Names


@given(st.dictionaries(st.text(max_size=20), st.integers(0, 9)), st.text(max_size=20))
def test_equals_a_dict(numbers: dict[str, int], other: str) -> None:
    """Every name has its number, every other text has none."""
    names = Names(numbers)
    assert names.count == len(numbers)
    assert {name: names.get(name) for name in numbers} == numbers
    assert names.get(other) == numbers.get(other, -1)


def test_many_names() -> None:
    """Names of all lengths are told apart."""
    numbers = {"x" * length: length for length in range(2000)}
    names = Names(numbers)
    assert all(names.get(name) == number for name, number in numbers.items())
