"""Random frames and options that lie where the rules are: for property tests."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.events import TIME, state_changed

TEXTS = st.one_of(
    st.text(max_size=8),
    st.text(alphabet="0123456789.,+-eE_ x%:/", max_size=12),
    st.text(alphabet="\\ ,=\"'#\n\r\t\x1c\x85\u2028ab", max_size=8),
    st.sampled_from(
        "1 1.5 -0 1e3 1_000 nan inf -Infinity on off open closed locked unknown "
        "unavailable home not_home 99% v1.2 1.2.3 12:34 x٣٤ １２ ² None True".split()
    ),
    st.sampled_from(
        ["", " ", " 7 ", "\u00a07", "2026-01-01T10:20:30.5+00:00", TIME, "9" * 400]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.1, 1e-7, 1e16, 1e22, 5e-324, 1.7976931348623157e308, -0.0]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from(
        "value state time time_ value_ value_str a a_ a_str domain entity_id "
        "unit_of_measurement device_class friendly_name rgb_color last_triggered "
        "supported_color_modes xy_color hvac_modes min_temp max_temp".split()
    ),
    TEXTS,
)
MODES = st.lists(st.sampled_from(["onoff", "hs", "xy", "off", "heat", "x"]), max_size=3)
ATTRIBUTES = st.dictionaries(NAMES, VALUES | MODES, max_size=6)
ENTITIES = st.sampled_from(
    "sensor.x sensor.y light.x light.a1 group.x climate.x automation.x script.x "
    "media_player.x binary_sensor.motion_2".split()
)
STAMPS = st.sampled_from(
    [
        TIME,
        "2026-11-20T15:09:29+00:00",
        "2026-11-20T15:09:29.5+01:00",
        "2024-02-29T23:59:59.000001-11:30",
        "1969-12-31T23:59:59.999999Z",
        "2026-13-01T00:00:00+00:00",
        "2026-11-20T15:09:29",
        "",
    ]
)
EVENTS = st.builds(
    state_changed,
    entity_id=st.one_of(ENTITIES, ENTITIES, st.sampled_from(["x", "a.b.c", ".", 5])),
    state=st.one_of(TEXTS, TEXTS, SCALARS),
    attributes=ATTRIBUTES,
    time=st.one_of(st.just(TIME), STAMPS, SCALARS),
)
REMOVALS = st.builds(state_changed, entity_id=ENTITIES, new_state=SCALARS)
OTHERS = st.sampled_from([{}, {"type": "result", "id": 1}, {"type": "event"}, 5, None])
MESSAGES = st.one_of(EVENTS, EVENTS, EVENTS, REMOVALS, OTHERS)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One message or an array of them; compact, spaced, or all ASCII."""
    message = draw(MESSAGES | st.lists(MESSAGES, max_size=4))
    spaced, ascii_only = draw(st.booleans()), draw(st.booleans())
    text = json.dumps(
        message,
        ensure_ascii=ascii_only,
        separators=(", ", ": ") if spaced else (",", ":"),
    )
    return text.encode()


GLOBS = st.sampled_from(["*", "sensor.*", "*.x", "light.?", "*_[0-9]", "[!s]*.x", "x"])
DOMAINS = st.sampled_from(["sensor", "light", "climate", "binary_sensor"])
SIDES = st.fixed_dictionaries(
    {},
    optional={
        "entities": st.lists(ENTITIES, max_size=2),
        "domains": st.lists(DOMAINS, max_size=2),
        "entity_globs": st.lists(GLOBS, max_size=2),
    },
)
LABELS = st.sampled_from(["m", "a b", "#", "x\\", "a,b=c", "\n"])
COMPONENT = st.fixed_dictionaries(
    {},
    optional={
        "override_measurement": LABELS,
        "ignore_attributes": st.lists(NAMES, max_size=2),
    },
)


def options() -> st.SearchStrategy[dict[str, Any]]:
    """Options of a pipeline, each key there or not."""
    return st.fixed_dictionaries(
        {},
        optional={
            "include": SIDES,
            "exclude": SIDES,
            "default_measurement": LABELS,
            "override_measurement": LABELS,
            "measurement_attr": st.sampled_from(
                ["unit_of_measurement", "domain__device_class", "entity_id"]
            ),
            "tags": st.dictionaries(
                st.sampled_from(["source", "domain", "a", "time", "x y\\"]),
                st.sampled_from(["HA", "C:\\dir\\", "a, b=c", "é"]),
                max_size=2,
            ),
            "tags_attributes": st.lists(NAMES, max_size=3),
            "ignore_attributes": st.lists(NAMES, max_size=3),
            "component_config": st.dictionaries(ENTITIES, COMPONENT, max_size=2),
            "component_config_domain": st.dictionaries(DOMAINS, COMPONENT, max_size=2),
            "component_config_glob": st.dictionaries(GLOBS, COMPONENT, max_size=3),
            "precision": st.sampled_from(["s", "ms", "us", "ns"]),
            "restore_python_text": st.booleans(),
            "skip_null_attributes": st.booleans(),
        },
    )
