"""Whether who did not answer had to."""

from __future__ import annotations

import json

import pytest

from hiq.assure.contracts_targets import MOST_TARGETS, Targets

ASKED_S = 100.0


def targets(**states: str) -> Targets:
    """Return targets that know the states of some lights and nothing else."""
    found = Targets()
    found.begin(
        json.dumps({"entity_id": f"light.{name}", "state": state}).encode()
        for name, state in states.items()
    )
    return found


@pytest.mark.parametrize(
    ("service", "state", "words"),
    [
        ("light.turn_on", "off", "is still off"),
        ("light.turn_on", "on", None),
        ("light.turn_off", "on", "is still on"),
        ("light.turn_off", "off", None),
        ("light.toggle", "on", "is still on"),
        ("homeassistant.turn_on", "off", "is still off"),
        ("light.turn_on", "unavailable", "is unavailable"),
        ("light.flash_somehow", "unavailable", "is unavailable"),
        ("light.flash_somehow", "off", None),
        ("homeassistant.reload_config_entry", "unavailable", None),
    ],
)
def test_a_target_is_judged_by_its_state(
    service: str, state: str, words: str | None
) -> None:
    """In the state that was asked for it is excused, in another or none it is not."""
    known = targets(kitchen=state)
    assert known.excuse(service, "light.kitchen", ASKED_S) == words


def test_a_target_that_does_not_exist_has_no_excuse() -> None:
    """A name with a slip of the pen is told."""
    assert targets().excuse("light.turn_on", "light.x", ASKED_S) == "does not exist"


def test_any_change_since_it_was_asked_is_an_answer() -> None:
    """Also with another context than the chain's, and to any state."""
    known = targets(kitchen="off")
    data = b'{"entity_id":"light.kitchen","new_state":{"state":"off"}}'
    known.changed(data, 101.0)
    assert known.excuse("light.toggle", "light.kitchen", ASKED_S) is None


def test_a_removed_target_does_not_exist() -> None:
    """Its removal is seen like any change."""
    known = targets(kitchen="off")
    data = b'{"entity_id":"light.kitchen","new_state":null}'
    known.changed(data, 99.0)
    assert known.excuse("light.toggle", "light.kitchen", ASKED_S) == "does not exist"


def test_nobody_is_blamed_while_nothing_is_known() -> None:
    """Before all states were read, and after a cut."""
    known = Targets()
    assert known.excuse("light.turn_on", "light.kitchen", ASKED_S) is None
    known = targets(kitchen="unavailable")
    known.forget()
    assert known.excuse("light.turn_on", "light.kitchen", ASKED_S) is None


def test_what_the_filter_hides_is_not_judged() -> None:
    """Nobody sees its changes here."""
    known = Targets(lambda name: name != "light.hidden")
    known.begin([b'{"entity_id":"light.hidden","state":"unavailable"}'])
    assert known.excuse("light.turn_on", "light.hidden", ASKED_S) is None


def test_what_is_no_entity_is_not_judged() -> None:
    """`all` and `none` are no names."""
    assert targets().excuse("light.turn_on", "all", ASKED_S) is None


def test_unreadable_states_are_counted() -> None:
    """They are neither an answer nor an error."""
    known = targets(kitchen="off")
    known.begin([b"{"])
    known.changed(b"[]", 101.0)
    assert known.unreadable == 2
    assert len(known) == 0


def test_targets_are_bounded() -> None:
    """Beyond the bound new ones are counted, and nobody is said not to exist."""
    known = Targets()
    known.begin(
        b'{"entity_id":"sensor.s%d","state":"1"}' % number
        for number in range(MOST_TARGETS + 1)
    )
    assert len(known) == MOST_TARGETS
    assert known.too_many == 1
    name = f"sensor.s{MOST_TARGETS}"
    assert known.excuse("light.turn_on", name, ASKED_S) is None
