"""The first rule that matches, and whether the class counts."""

from __future__ import annotations

from typing import Any

import pytest

from hiq._core.filter_options import Rule
from hiq._core.rules import Rules


def built(*rules: dict[str, Any]) -> Rules:
    """Rules from patterns as they are written."""
    return Rules([Rule.read("patterns", rule) for rule in rules])


@pytest.mark.parametrize(
    ("rule", "facts", "matches"),
    [
        ({"entity_id": ["a.*", "b.*"]}, {"entity_id": "b.x"}, True),
        ({"entity_id": "a"}, {"entity_id": "a.x"}, False),
        ({"area_id": "attic"}, {"area_id": "attic"}, True),
        ({"area_id": "attic"}, {"area_id": "Attic"}, False),
        ({"area_id": "attic"}, {}, False),
        ({"area_id": "attic", "domain": "a"}, {"area_id": "attic"}, False),
        ({"label": "b"}, {"label": "a|b"}, True),
        ({"label": "b"}, {"label": "ab|bb"}, False),
        ({"label": ["x", "a"]}, {"label": "a"}, True),
        (
            {"platform": "p", "integration": "i"},
            {"platform": "p", "integration": "i"},
            True,
        ),
    ],
)
def test_all_keys_must_hold(
    rule: dict[str, Any], facts: dict[str, str], *, matches: bool
) -> None:
    """Keys are joined by AND, the texts of a key by OR; what is unknown holds nothing."""
    assert built(rule).find(facts) == (0 if matches else -1, False)


def test_the_first_rule_counts() -> None:
    """Of several that match the number of the first is told."""
    rules = built({"domain": "x"}, {"domain": "a"}, {"domain": "a"})
    assert rules.find({"domain": "a"}) == (1, False)
    assert (rules.count, rules.asks_class) == (3, False)


def test_the_class_counts_only_where_it_can_change_the_answer() -> None:
    """Not behind a rule that matches, not where another key already fails."""
    rules = built({"domain": "a"}, {"domain": "b", "device_class": "power"})
    assert rules.asks_class
    assert rules.find({"domain": "a"}) == (0, False)
    assert rules.find({"domain": "b"}) == (-1, True)
    assert rules.find({"domain": "b", "device_class": "power"}) == (1, True)
    assert rules.find({"domain": "c"}) == (-1, False)
