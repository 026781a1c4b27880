"""Each kind of entity makes states that Home Assistant could have."""

from __future__ import annotations

import pytest

from hiq.simulate.kinds import KINDS, Dice, Kind


def test_dice_are_the_same_for_the_same_seed():
    """SplitMix64 gives its published sequence for the seed 1234567."""
    dice = Dice(1234567)
    assert [dice.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_dice_stay_in_their_ranges():
    """Integers, numbers and choices are never outside of what was asked for."""
    dice = Dice(1)
    for _ in range(2000):
        assert 0 <= dice.below(7) < 7
        assert -5 <= dice.between(-5, 3) <= 3
        assert dice.other(("a", "b", "c"), "b") in ("a", "c")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.domain}-{kind.name}")
def test_a_kind_changes_and_keeps_what_is_fixed(kind: Kind):
    """A hundred steps differ from each other and keep the fixed attributes."""
    dice = Dice(5)
    state, attributes = kind.follow(dice, "", {**kind.fixed, "friendly_name": "N"})
    seen = []
    for _ in range(100):
        assert 0 < len(state) <= 255
        assert {**attributes, **kind.fixed} == attributes
        assert attributes["friendly_name"] == "N"
        seen.append((state, str(attributes)))
        state, attributes = kind.follow(dice, state, attributes)
    assert len(set(seen)) > 1


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind.fixed.get("state_class")],
    ids=lambda kind: kind.name,
)
def test_measuring_kinds_have_numbers(kind: Kind):
    """A sensor with a state class has a unit and numbers, and a meter only grows."""
    dice = Dice(5)
    values = []
    state, attributes = kind.follow(dice, "", kind.fixed)
    for _ in range(100):
        values.append(float(state))
        state, attributes = kind.follow(dice, state, attributes)
    assert attributes["unit_of_measurement"]
    if kind.fixed["state_class"] == "total_increasing":
        assert values == sorted(values)


def test_a_light_changes_also_by_its_attributes_alone():
    """Dimming keeps the state on and changes the brightness."""
    light = next(kind for kind in KINDS if kind.domain == "light")
    dice = Dice(1)
    state, attributes = light.follow(dice, "", light.fixed)
    dimmed = 0
    for _ in range(100):
        last, before = state, attributes
        state, attributes = light.follow(dice, state, attributes)
        dimmed += state == last == "on" and attributes != before
    assert dimmed > 5
