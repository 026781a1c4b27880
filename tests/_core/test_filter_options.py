"""The option `filter` of a pipeline: what it takes, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from hiq._core.filter_options import AttributeLists, FilterRules, Key, Limit, Rule


def test_reads_everything() -> None:
    """Single texts are lists of one; seconds become nanoseconds."""
    found = FilterRules.read(
        {
            "mode": "include",
            "patterns": [{"domain": "a", "label": ["b"]}],
            "limits": [{"domain": "a", "min_interval": 0.5}],
            "attributes": {"deny": "x", "domains": {"light": {"allow": ["y"]}}},
        }
    )
    assert found.is_set
    assert found.is_include
    rule = Rule(((Key.DOMAIN, ("a",)),))
    assert found.patterns == (Rule(((Key.DOMAIN, ("a",)), (Key.LABEL, ("b",)))),)
    assert found.limits == (Limit(rule, 500_000_000, 0.0),)
    assert found.attributes == AttributeLists(deny=("x",))
    assert found.of_domain == {"light": AttributeLists(allow=("y",))}
    assert not FilterRules.read(None).is_set


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (5, "filter: expected a mapping"),
        ({"mood": 1}, "filter: unknown key 'mood'"),
        ({"mode": "all"}, "filter.mode: expected exclude or include"),
        ({"patterns": {}}, "filter.patterns: expected a list"),
        ({"patterns": [{}]}, r"filter.patterns\[0\]: no condition"),
        ({"exceptions": [{"domain": ""}]}, r"exceptions\[0\].domain: expected a text"),
        ({"exceptions": [{"domain": []}]}, r"exceptions\[0\].domain: expected a text"),
        ({"limits": [{"domain": "a"}]}, "set min_interval, min_change or both"),
        ({"limits": [{"domain": "a", "min_change": 0}]}, "expected a number above 0"),
        ({"attributes": {"domains": []}}, "attributes.domains: expected a mapping"),
        ({"patterns": [{"domain": "a"}] * 10_001}, "at most 10000 rules"),
    ],
)
def test_refuses_with_the_key(option: Any, message: str) -> None:
    """The message names the key and what is expected."""
    with pytest.raises(ValueError, match=message):
        FilterRules.read(option)
