"""Names of what decided, counts by name, facts as the core keeps them."""

from __future__ import annotations

from hiq._core.decision import counted, facts_of, rule_name
from hiq._core.filter_options import FilterRules

RULES = {
    "exceptions": [{"domain": "a"}],
    "patterns": [{"domain": "b"}, {"domain": "c"}],
}


def test_names_are_places_in_the_options() -> None:
    """Nothing, the lists of the block, exceptions, patterns."""
    assert [rule_name(number, 1) for number in range(4)] == [
        *("", "include/exclude", "exceptions[0]", "patterns[0]"),
    ]


def test_counts_add_up() -> None:
    """What no rule matched passes in mode exclude, and is filtered in mode include."""
    decided, thinned = [5, 1, 2, 3, 0], [4]
    found = counted(FilterRules.read(RULES), decided, thinned)
    assert (found.passed, found.filtered, found.exceptions, found.thinned) == (
        5,
        4,
        2,
        4,
    )
    assert found.rules == {
        "include/exclude": 1, "exceptions[0]": 2, "patterns[0]": 3, "limits[0]": 4,
    }  # fmt: skip
    found = counted(FilterRules.read({**RULES, "mode": "include"}), decided, thinned)
    assert (found.passed, found.filtered, found.exceptions) == (3, 6, 2)


def test_facts_have_their_length_before_them() -> None:
    """Nothing known is nothing kept."""
    assert facts_of(None) == facts_of({"area": "Attic"}) == b""
    assert facts_of({"area_id": "é", "platform": "m"}) == (
        b"\2\0\xc3\xa9" + b"\0\0" * 4 + b"\1\0m"
    )
