"""Why the filter decides as it does, in words."""

from __future__ import annotations

from typing import Any

import pytest

from hiq._core.decision import Decision
from hiq.explaining import Facts, because, classes, entry, reason, strangers
from hiq.ha.home import Home
from hiq.ha.registries import Area, Registry

RULES: dict[str, Any] = {
    "patterns": [{"area_id": ["attic", "atic"]}, {"device_class": "power"}],
    "exceptions": [{"label": "keep", "device_class": ["gas", "power"]}],
    "limits": [{"floor_id": "up", "min_change": 1}],
}


def decided(rule: str) -> Decision:
    """A decision by this rule."""
    return Decision(accepted=False, rule=rule, limit="", by_class=False)


def test_an_entry_by_its_name() -> None:
    """Lists and no rule are none."""
    assert entry(RULES, "patterns[1]") == {"device_class": "power"}
    assert entry(RULES, "include/exclude") is None
    assert entry(None, "") is None


def test_classes_that_rules_ask_for() -> None:
    """Each once, in the order of the rules."""
    assert classes(RULES) == ["gas", "power"]
    assert classes(None) == []


def test_ids_that_nobody_has() -> None:
    """Each with its rule, and the nearest id that somebody has."""
    home = Home().with_rows(Registry.AREAS, [Area("attic", "Attic")])
    assert list(strangers(RULES, home)) == [
        "exceptions[0] asks for label keep, which is not in the registry",
        (
            "patterns[0] asks for area_id atic, which is not in the registry "
            "(did you mean attic?)"
        ),
        "limits[0] asks for floor_id up, which is not in the registry",
    ]


@pytest.mark.parametrize(
    ("rule", "mode", "words"),
    [
        ("", "exclude", "in mode exclude that passes"),
        ("", "include", "in mode include that is left out"),
        ("exceptions[0]", "include", "the first exception that matches lets it pass"),
        ("patterns[0]", "include", "lets it pass"),
        ("patterns[0]", "exclude", "leaves it out"),
        ("include/exclude", "exclude", "of the block influxdb leave it out"),
    ],
)
def test_one_sentence_for_each_kind_of_rule(rule: str, mode: str, words: str) -> None:
    """What a rule does depends on the mode."""
    assert words in reason({**RULES, "mode": mode}, decided(rule))
    assert "no rule of filter is set" in reason(None, decided(""))


def test_facts_that_are_given_say_so() -> None:
    """Those of the registry without a place there are plain."""
    facts = Facts("sensor.x", {"area_id": "attic"}, "power", frozenset({"area_id"}))
    settings = {"filter": {"patterns": [{"area_id": "attic", "domain": "sensor"}]}}
    assert list(because(settings, decided("patterns[0]"), facts)) == [
        "area_id is attic (as given)",
        "domain is sensor",
    ]
    plain = Facts("sensor.x", {"area_id": "attic"})
    assert next(iter(because(settings, decided("patterns[0]"), plain))) == (
        "area_id is attic"
    )
    assert not list(because(settings, decided(""), plain))
