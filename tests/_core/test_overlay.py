"""Settings of single entities."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests._core.helpers import agree, point
from tests.events import frame, state_changed
from tests.strategies import COMPONENT, DOMAINS, ENTITIES, GLOBS


def test_component_config_overlay_order() -> None:
    """Exact beats the last glob, that an earlier one, that the domain; by key."""
    options = {
        "component_config_domain": {"sensor": {"ignore_attributes": ["a"]}},
        "component_config_glob": {
            "*.x": {"override_measurement": "first"},
            "sensor.*": {"override_measurement": "last"},
            "*.y": {"override_measurement": "y"},
        },
        "component_config": {"sensor.z": {"override_measurement": "exact"}},
        "ignore_attributes": ["c"],
    }
    attributes = {"a": 1, "b": 2, "c": 3}
    x = point(options, attributes=attributes)
    assert (x.measurement, set(x.fields)) == ("last", {"value", "b"})
    z = point(options, entity_id="sensor.z", attributes=attributes)
    assert z.measurement == "exact"
    other = point(options, entity_id="switch.z", attributes=attributes)
    assert (other.measurement, set(other.fields)) == ("switch.z", {"value", "a", "b"})


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {
            "component_config": st.dictionaries(ENTITIES, COMPONENT, max_size=3),
            "component_config_domain": st.dictionaries(DOMAINS, COMPONENT, max_size=3),
            "component_config_glob": st.dictionaries(GLOBS, COMPONENT, max_size=4),
            "ignore_attributes": st.lists(st.sampled_from("abc"), max_size=2),
        }
    ),
    st.lists(ENTITIES, min_size=1, max_size=3),
)
def test_any_tables(options: dict[str, Any], entities: list[str]) -> None:
    """Any tables give what the reference gives."""
    attributes = {"a": 1, "b": "x", "c": None, "value": 2, "unit_of_measurement": "W"}
    agree(
        [frame(state_changed(entity_id=e, attributes=attributes)) for e in entities],
        options,
    )
