"""Strategies for the `filter` option, and streams of events that it is judged on."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.events import frame, state_changed

IDS = (
    "sensor.x",
    "sensor.attic_1",
    "light.x",
    "binary_sensor.attic_door",
    "x.sensor.x",
)
TEXTS = {
    "entity_id": ("sensor.*", "*.x", "*attic*", "light.?", "*_[0-9]", "[!s]*", "x"),
    "domain": ("sensor", "light", "binary_sensor"),
    "device_class": ("power", "door", "signal_strength"),
    "area_id": ("attic", "kitchen"),
    "floor_id": ("first", "ground"),
    "label": ("a", "b", "noisy"),
    "integration": ("mqtt", "hue"),
    "entity_category": ("diagnostic", "config"),
    "platform": ("mqtt", "hue"),
}
LABELS = ("", "a", "b", "a|b", "noisy|b", "ab")
ATTRIBUTE_GLOBS = st.lists(
    st.sampled_from(["*", "unit*", "device_class", "a?", "[!a]*", "b"]),
    min_size=1,
    max_size=3,
)


def one_or_more(texts: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """One text, or a list of some."""
    several = st.lists(st.sampled_from(texts), min_size=1, max_size=2)
    return st.sampled_from(texts) | several


def patterns(least: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    """A pattern of one to three keys."""
    keys = st.lists(st.sampled_from(sorted(TEXTS)), min_size=least, max_size=3)
    return keys.flatmap(
        lambda names: st.fixed_dictionaries({n: one_or_more(TEXTS[n]) for n in names})
    )


RULES = st.lists(patterns(), max_size=4)
LIMITS = st.lists(
    st.tuples(
        patterns(),
        st.sampled_from(
            [
                {"min_interval": 5},
                {"min_change": 0.5},
                {"min_interval": 2.5, "min_change": 10},
            ]
        ),
    ).map(lambda both: {**both[0], **both[1]}),
    max_size=2,
)
LISTS = st.fixed_dictionaries(
    {}, optional={"allow": ATTRIBUTE_GLOBS, "deny": ATTRIBUTE_GLOBS}
)


def filters(*, thin: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """A `filter` option; `thin`: perhaps with limits."""
    return st.fixed_dictionaries(
        {"mode": st.sampled_from(["exclude", "include"])},
        optional={
            "patterns": RULES,
            "exceptions": RULES,
            **({"limits": LIMITS} if thin else {}),
            "attributes": st.tuples(
                LISTS,
                st.dictionaries(st.sampled_from(TEXTS["domain"]), LISTS, max_size=2),
            ).map(lambda both: {**both[0], "domains": both[1]}),
        },
    )


REGISTRY = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.sampled_from(TEXTS[name])
            for name in ("area_id", "floor_id", "integration", "entity_category")
        },
        "platform": st.sampled_from(TEXTS["platform"]),
        "label_ids": st.sampled_from(LABELS),
    },
)
CLASSES = st.sampled_from([None, "power", "door", "signal_strength", 5, ["power"]])
STATES = st.sampled_from(
    ["1", "1.2", "-3", "20", "on", "unknown", "", "1e3", "7 W", "1.", "+1"]
)


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    """Attributes of a state, perhaps with a class."""
    return st.fixed_dictionaries(
        {},
        optional={
            "device_class": CLASSES,
            "unit_of_measurement": st.just("W"),
            "a1": st.integers(0, 3),
            "b": st.just("t"),
        },
    )


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """One event: old state and new state, some seconds after noon."""
    entity_id = draw(st.sampled_from(IDS))
    second = draw(st.integers(0, 59))
    old = draw(st.none() | attributes())
    state: dict[str, Any] = {
        "old_state": None
        if old is None
        else {"entity_id": entity_id, "state": "1", "attributes": old}
    }
    if draw(st.integers(0, 5)) == 0:
        state["new_state"] = None
    return frame(
        state_changed(
            entity_id,
            draw(STATES),
            draw(attributes()),
            f"2026-11-20T12:00:{second:02}.5+00:00",
            **state,
        )
    )


STEPS = st.lists(
    st.one_of(
        events().map(lambda given: ("feed", given)),
        st.tuples(st.sampled_from(IDS), REGISTRY).map(lambda given: ("tags", given)),
    ),
    min_size=1,
    max_size=12,
)
"""What a pipeline lives through: events, and news from the registry."""
