"""What VictoriaMetrics is asked, and what the names of its metrics mean."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.sink.metricsql import after, fields_of, newest, several, whose

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
HOMEIQ = "home_assistant_events"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["°C_value", "°C_max_value", "°C_step"], {"°C_value": ("°C", "value")}),
        (
            ["sensor.mode_state", "sensor.mode_x_value"],
            {"sensor.mode_state": ("sensor.mode", "state")},
        ),
        (["°C_max_value"], {"°C_max_value": ("°C_max", "value")}),
        (
            ["°C_value", "°F_value"],
            {"°C_value": ("°C", "value"), "°F_value": ("°F", "value")},
        ),
        (
            ["sensor.door_state_value"],
            {"sensor.door_state_value": ("sensor.door_state", "value")},
        ),
        (
            [f"{HOMEIQ}_{x}" for x in ("state_value", "previous_state", "model")],
            {f"{HOMEIQ}_state_value": (HOMEIQ, "state_value")},
        ),
        (
            [f"{HOMEIQ}_state_numeric", f"{HOMEIQ}_state_value"],
            {
                f"{HOMEIQ}_state_numeric": (HOMEIQ, "state_numeric"),
                f"{HOMEIQ}_state_value": (HOMEIQ, "state_value"),
            },
        ),
        (["_value", "value", "state", "x", ""], {}),
    ],
)
def test_measurement_and_field(
    names: list[str], found: dict[str, tuple[str, str]]
) -> None:
    """An attribute is told from a state by the other names of the entity."""
    assert fields_of(names) == found
    assert fields_of(reversed(names)) == found


@given(st.text(), st.text())
def test_an_id_stays_a_text(entity_id: str, place: str) -> None:
    """Outside the quoted texts of a query nothing depends on the id."""
    for selector in whose(entity_id, place, several([entity_id])):
        assert re.fullmatch(
            r'\{__name__=~"",(domain="",)?entity_id=""(,db="")?\}',
            QUOTED.sub('""', selector),
        )
        texts = [json.loads(text) for text in QUOTED.findall(selector)]
        assert re.fullmatch(texts[0], entity_id)
        assert ".".join(texts[1 : 2 + ("domain=" in selector)]) == entity_id


def test_which_labels() -> None:
    """Whole ids and split ones; what is empty would select what has no such label."""
    assert whose("", "", "x") == []
    for whole in ("x", ".x", "x."):
        assert whose(whole, "", "n") == [f'{{__name__=~"n",entity_id="{whole}"}}']
    assert len(whose("a.b", "", "n")) == 2


def test_of_some_or_of_all() -> None:
    """Ids that are looked for are texts, not patterns."""
    assert 'entity_id=~"a\\\\.b|c"' in newest("", 5, ["a.b", "c"])
    assert 'entity_id!=""' in newest("", 5)
    assert "tlast" not in after(["{}"], 5, by_name=False)
