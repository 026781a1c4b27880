"""The rules from one state to one point, case by case, on both implementations.

The cases are those that Home Assistant's converter was run with (2024.3.3 and
2026.11), and the traps of the servers. Expected numbers are floats.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.converting import convert
from tests.events import TIME_NS
from tests.lineprotocol import Decoded

X = {"domain": "sensor", "entity_id": "x"}


def attributes_of(implementation: Any, given: dict[str, Any], **more: Any) -> Any:
    """Fields of a point with these attributes, without those of the state `5`."""
    point = convert(implementation, attributes=given, **more)
    assert point is not None
    fields = dict(point.fields)
    assert fields.pop("value") == 5.0
    return fields


STATES: list[tuple[str, dict[str, Any] | None]] = [
    ("1", {"value": 1.0}),
    ("1e3", {"value": 1000.0}),
    ("1_000", {"value": 1000.0}),
    (" 21.5 ", {"value": 21.5}),
    ("\u00a021.5\u2003", {"value": 21.5}),
    ("+5", {"value": 5.0}),
    (".5", {"value": 0.5}),
    ("5.", {"value": 5.0}),
    ("٣", {"value": 3.0}),
    ("１２.５", {"value": 12.5}),
    ("12345678901234567890", {"value": 12345678901234567890.0}),
    ("1__0", {"state": "1__0"}),
    ("_1", {"state": "_1"}),
    ("1e", {"state": "1e"}),
    (".", {"state": "."}),
    ("²", {"state": "²"}),
    ("0x10", {"state": "0x10"}),
    ("21,5", {"state": "21,5"}),
    ("On", {"state": "On"}),
    ("True", {"state": "True"}),
    ("None", {"state": "None"}),
    ("opening", {"state": "opening"}),
    (" ", {"state": " "}),
    ("2026-01-01", {"state": "2026-01-01"}),
    ("on", {"state": "on", "value": 1.0}),
    ("above_horizon", {"state": "above_horizon", "value": 1.0}),
    ("home", {"state": "home", "value": 1.0}),
    ("not_home", {"state": "not_home", "value": 0.0}),
    ("off", {"state": "off", "value": 0.0}),
    ("unknown", None),
    ("unavailable", None),
    ("", None),
    ("Unknown", {"state": "Unknown"}),
    ("nan", None),
    ("-inf", None),
    ("Infinity", None),
    ("9" * 400, None),
    ("a\nb\r\nc", {"state": "a b c"}),
    ("a\v\f\x1c\x1d\x1e\x85\u2028\u2029", {"state": "a" + " " * 7}),
    ("\n", {"state": ""}),
    ('say "hi" \\ there', {"state": 'say "hi" \\ there'}),
    ("tab\tnul\0", {"state": "tab\tnul\0"}),
    ("😀é", {"state": "😀é"}),
]


@pytest.mark.parametrize(("state", "fields"), STATES)
def test_float_text_table(implementation: Any, state: str, fields: Any) -> None:
    """A state is a number, a known word, or text; some give no point."""
    point = convert(implementation, state=state)
    if fields is None:
        assert point is None
    else:
        assert point == Decoded("sensor.x", X, fields, TIME_NS)


def test_negative_zero(implementation: Any) -> None:
    """The sign of zero is kept."""
    point = convert(implementation, state="-0")
    assert point is not None
    assert str(point.fields["value"]) == "-0.0"


ATTRIBUTES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"a": "99%"}, {"a": 99.0, "a_str": "99%"}),
    ({"a": "-20c"}, {"a": 20.0, "a_str": "-20c"}),
    ({"a": "5%"}, {"a_str": "5%"}),
    ({"a": "1,234 W"}, {"a": 1234.0, "a_str": "1,234 W"}),
    ({"a": "v1.2"}, {"a": 1.2, "a_str": "v1.2"}),
    ({"a": "1.2.3"}, {"a_str": "1.2.3"}),
    ({"a": "x1.y"}, {"a_str": "x1.y"}),
    ({"a": "x.5"}, {"a_str": "x.5"}),
    ({"a": "x12.5"}, {"a": 12.5, "a_str": "x12.5"}),
    ({"a": "x12.y"}, {"a_str": "x12.y"}),
    ({"a": "aa:bb:cc:00:11:22"}, {"a": 1122.0, "a_str": "aa:bb:cc:00:11:22"}),
    (
        {"a": "2026-01-01T10:20:30.5+00:00"},
        {"a": 20260101102030.5, "a_str": "2026-01-01T10:20:30.5+00:00"},
    ),
    ({"a": [255, 200, 10]}, {"a": 25520010.0, "a_str": "[255, 200, 10]"}),
    ({"a": [1, 2]}, {"a_str": "[1, 2]"}),
    ({"a": {"k": 12}}, {"a": 12.0, "a_str": "{'k': 12}"}),
    (
        {"a": {"a": {"b": [1, None, True, 1.5, "x"]}}},
        {"a": 11.5, "a_str": "{'a': {'b': [1, None, True, 1.5, 'x']}}"},
    ),
    ({"a": ["it's", 'q"', "b'\"", "\\", "\n\x7f\u2028"]}, None),
    ({"a": [1e-7, 1e22, -0.0, 1e16, 0.0001, 123456789.125]}, None),
    ({"a": [2**63, 2**70, -(2**63)]}, None),
    ({"a": True, "b": False}, {"a": 1.0, "b": 0.0}),
    ({"a": None}, {"a_str": "None"}),
    ({"a": "", "b": [], "c": {}}, {"a_str": "", "b_str": "[]", "c_str": "{}"}),
    ({"a": "x١٢y"}, {"a": 12.0, "a_str": "x١٢y"}),
    ({"a": "١٢٣", "b": "１２３"}, {"a": 123.0, "b": 123.0}),
    ({"a": "x²³"}, {"a_str": "x²³"}),
    ({"a": 2**53 + 1}, {"a": 9007199254740992.0}),
    ({"a": 2**64 - 1}, {"a": 1.8446744073709552e19}),
    ({"a": "nan", "b": "inf", "c": "9" * 999}, {}),
    ({"a": "x" + "9" * 999}, {"a_str": "x" + "9" * 999}),
    ({"value": 9}, {"value_": 9.0}),
    ({"value": "abc"}, {"value__str": "abc"}),
    ({"state": "x"}, {"state_str": "x"}),
    ({"value": 99, "value_": 1}, {"value_": 99.0, "value__": 1.0}),
    ({"value_": 1, "value": 99}, {"value_": 99.0}),
    ({"a_str": 1, "a": "zz"}, {"a_str": "zz"}),
    ({"a": "zz", "a_str": 1}, {"a_str": "zz", "a_str_": 1.0}),
    ({"time": 12}, {"time_": 12.0}),
    ({"time": "12:34"}, {"time_str": "12:34", "time_": 1234.0}),
    ({"time": 1, "time_": 2}, {"time_": 2.0, "time__": 1.0}),
    (
        {"domain": "x", "entity_id": ["a"]},
        {"domain_str": "x", "entity_id_str": "['a']"},
    ),
    ({"": 1, "b": 2}, {"b": 2.0}),
    ({"": "x"}, {"_str": "x"}),
    ({"a\nb": 1, "a b": 2}, {"a b": 2.0}),
    ({"time\n": 1}, {"time_": 1.0}),
    (
        {"key with space": 1, "key,comma": 2, "key=eq": 3, 'key"quote': 4, "ключ": 5},
        {
            "key with space": 1.0,
            "key,comma": 2.0,
            "key=eq": 3.0,
            'key"quote': 4.0,
            "ключ": 5.0,
        },
    ),
    (
        {"end\\": 1, "mid\\dle": 2, "be\\ fore": 3},
        {"end ": 1.0, "mid\\dle": 2.0, "be fore": 3.0},
    ),
    ({"friendly_name": "Bath 2"}, {"friendly_name_str": "Bath 2"}),
]


@pytest.mark.parametrize(("given", "fields"), ATTRIBUTES)
def test_attribute_table(implementation: Any, given: Any, fields: Any) -> None:
    """Each attribute becomes a number, a text, or both; collisions as in HA."""
    found = attributes_of(implementation, given)
    if fields is None:  # Python's own text is the expectation
        text = str(given["a"])
        assert found["a_str"] == text
    else:
        assert found == fields


def test_point_without_field_is_no_point(implementation: Any) -> None:
    """A state that is not finite leaves nothing, unless an attribute does."""
    assert convert(implementation, state="nan") is None
    point = convert(implementation, state="nan", attributes={"a": 1, "value": 2})
    assert point is not None
    assert point.fields == {"a": 1.0, "value_": 2.0}


MEASUREMENTS: list[tuple[dict[str, Any], dict[str, Any], str, set[str]]] = [
    ({}, {}, "sensor.x", set()),
    ({}, {"unit_of_measurement": "W"}, "W", set()),
    ({}, {"unit_of_measurement": ""}, "sensor.x", {"unit_of_measurement_str"}),
    ({}, {"unit_of_measurement": None}, "sensor.x", {"unit_of_measurement_str"}),
    ({}, {"unit_of_measurement": " "}, " ", set()),
    ({}, {"unit_of_measurement": 5}, "5", set()),
    ({}, {"unit_of_measurement": True}, "True", set()),
    ({}, {"unit_of_measurement": 0}, "0", set()),
    ({}, {"unit_of_measurement": "m=1, 2"}, "m=1, 2", set()),
    ({}, {"unit_of_measurement": "#"}, "\\#", set()),
    ({}, {"unit_of_measurement": "a\\"}, "a ", set()),
    ({}, {"unit_of_measurement": "\n"}, "sensor.x", set()),
    ({"default_measurement": "d"}, {"unit_of_measurement": "\n"}, "d", set()),
    ({"default_measurement": "d"}, {}, "d", set()),
    ({"default_measurement": "d"}, {"unit_of_measurement": "W"}, "W", set()),
    ({"override_measurement": "o"}, {"unit_of_measurement": "W"}, "o", {"unit_of_measurement_str"}),
    ({"override_measurement": ""}, {"unit_of_measurement": "W"}, "W", set()),
    ({"measurement_attr": "entity_id"}, {"unit_of_measurement": "W"}, "sensor.x", {"unit_of_measurement_str"}),
    ({"measurement_attr": "domain__device_class"}, {"device_class": "power"}, "sensor__power", set()),
    ({"measurement_attr": "domain__device_class"}, {"device_class": ""}, "sensor__", set()),
    ({"measurement_attr": "domain__device_class"}, {"device_class": None}, "sensor", {"device_class_str"}),
    ({"measurement_attr": "domain__device_class", "default_measurement": "d"}, {}, "sensor", set()),
]  # fmt: skip


@pytest.mark.parametrize(("options", "given", "name", "kept"), MEASUREMENTS)
def test_measurement_precedence(
    implementation: Any, options: Any, given: Any, name: str, kept: set[str]
) -> None:
    """Override, then unit or class, then default, then the entity id."""
    point = convert(implementation, options, attributes=given)
    assert point is not None
    assert point.measurement == name
    assert set(point.fields) - {"value"} == kept


OVERLAYS: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"component_config_domain": {"sensor": {"override_measurement": "d"}}}, "d", {"a", "b"}),
    (
        {
            "override_measurement": "all",
            "component_config_domain": {"sensor": {"override_measurement": "d"}},
            "component_config_glob": {
                "sensor.*": {"override_measurement": "g1"},
                "*.x": {"override_measurement": "g2"},
                "light.*": {"override_measurement": "g3"},
            },
        },
        "g2",
        {"a", "b"},
    ),
    (
        {
            "component_config_glob": {"sensor.?": {"override_measurement": "g"}},
            "component_config": {"sensor.x": {"override_measurement": "e"}},
        },
        "e",
        {"a", "b"},
    ),
    (
        {
            "component_config_domain": {
                "sensor": {"override_measurement": "d", "ignore_attributes": ["a"]}
            },
            "component_config": {"sensor.x": {"ignore_attributes": ["b"]}},
        },
        "d",
        {"a"},
    ),
    (
        {
            "ignore_attributes": "a",
            "component_config": {"sensor.x": {"ignore_attributes": ["b"]}},
        },
        "sensor.x",
        set(),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "name", "kept"), OVERLAYS)
def test_component_config_overlay_order(
    implementation: Any, options: Any, name: str, kept: set[str]
) -> None:
    """Exact over last glob over earlier glob over domain; lists are replaced."""
    point = convert(implementation, options, attributes={"a": 1, "b": 2})
    assert point is not None
    assert point.measurement == name
    assert set(point.fields) - {"value"} == kept


TAGS: list[tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = [
    ({"tags": {"source": "HA", "domain": "z"}}, {}, {"source": "HA", "domain": "z", "entity_id": "x"}),
    ({"tags_attributes": ["entity_id"]}, {"entity_id": "z"}, {"domain": "sensor", "entity_id": "z"}),
    ({"tags_attributes": ["n", "room"]}, {"n": 3, "room": None}, {**X, "n": "3"}),
    ({"tags_attributes": "n"}, {"n": True}, {**X, "n": "True"}),
    ({"tags_attributes": ["n"], "ignore_attributes": ["n"]}, {"n": 1.0}, {**X, "n": "1.0"}),
    ({"tags_attributes": ["n"]}, {"n": [1, "a"]}, {**X, "n": "[1, 'a']"}),
    ({"tags_attributes": ["n"]}, {"n": ""}, X),
    ({"tags_attributes": ["n"]}, {"n": "\n"}, X),
    ({"tags_attributes": ["time"]}, {"time": "now"}, {**X, "time_": "now"}),
    ({"tags_attributes": ["n"]}, {"n": "a\\"}, {**X, "n": "a "}),
    ({"tags_attributes": ["n"]}, {"n": "a\\\\ b\\c"}, {**X, "n": "a b\\c"}),
    ({"tags_attributes": ["n"]}, {"n": 'q"u, o=t'}, {**X, "n": 'q"u, o=t'}),
    ({"tags": {"path": "C:\\dir\\"}}, {}, {**X, "path": "C:\\dir "}),
    ({"tags_attributes": ["unit_of_measurement"]}, {"unit_of_measurement": "W"}, {**X, "unit_of_measurement": "W"}),
]  # fmt: skip


@pytest.mark.parametrize(("options", "given", "tags"), TAGS)
def test_tags(implementation: Any, options: Any, given: Any, tags: Any) -> None:
    """Domain and object id, then tag attributes, then static tags; none is empty."""
    point = convert(implementation, options, attributes=given)
    assert point is not None
    assert point.tags == tags
    assert point.fields == {"value": 5.0}


STAMPS = [
    ("2026-11-20T15:09:29.798309+00:00", TIME_NS),
    ("2026-11-20T15:09:29+00:00", 1795187369000000000),
    ("2026-11-20T16:09:29.5+01:00", 1795187369500000000),
    ("2026-11-20T09:39:29.000001-05:30", 1795187369000001000),
    ("2024-02-29T00:00:00+00:00", 1709164800000000000),
    ("1969-12-31T23:59:59.999999+00:00", -1000),
]


@pytest.mark.parametrize(("text", "time_ns"), STAMPS)
def test_timestamp_integer_exact(implementation: Any, text: str, time_ns: int) -> None:
    """The event's time in ns, exact to the microsecond, its offset honoured."""
    point = convert(implementation, time=text)
    assert point is not None
    assert point.time_ns == time_ns


@pytest.mark.parametrize(
    ("precision", "unit"), [("us", 10**3), ("ms", 10**6), ("s", 10**9)]
)
def test_precision_floor(implementation: Any, precision: str, unit: int) -> None:
    """A coarser precision floors the stamp, which stays in ns."""
    point = convert(implementation, {"precision": precision})
    assert point is not None
    assert point.time_ns == TIME_NS // unit * unit


def test_null_attribute_switch(implementation: Any) -> None:
    """Null is text `None`, or nothing if asked for."""
    assert attributes_of(implementation, {"a": None}) == {"a_str": "None"}
    options = {"skip_null_attributes": True}
    assert attributes_of(implementation, {"a": None}, options=options) == {}
