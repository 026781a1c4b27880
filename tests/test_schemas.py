"""Schemas `homeiq` and `tidy`: the compiled pipeline equals the reference, by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests import strategies
from tests.corpus import frames as recorded
from tests.events import TIME_NS, frame, state_changed
from tests.lineprotocol import Decoded, decode
from tests.reference import ReferencePipeline

COUNTED = ("events", "points", "filtered", "skipped", "rejected", "duplicates")
BOTH = ["homeiq", "tidy"]
TEXT = "friendly_name unit_of_measurement device_class area value state a a_text time"
GLOBS = st.sampled_from(
    ["*", "a*", "value", "time", "[st]*", "friendly_name", "*_text"]
)
TIDY = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.dictionaries(
            st.sampled_from(
                "device_class area unit floor device labels platform rid".split()
            ),
            st.booleans(),
        ),
        "follow": st.sampled_from(["old_id", "none"]),
        "attributes": st.lists(GLOBS, max_size=2)
        | st.dictionaries(
            st.sampled_from(["sensor", "light", "*"]), st.lists(GLOBS, max_size=2)
        ),
        "max_text_bytes": st.sampled_from([1, 3, 10, 4096]),
        "unavailable": st.sampled_from(["write", "skip"]),
        "numeric_state_text": st.booleans(),
    },
)
SCHEMAS = st.lists(
    st.sampled_from(["ha", "homeiq", "tidy"]), min_size=1, max_size=3, unique=True
)
REGISTRY = st.dictionaries(
    st.sampled_from(
        "area_id area floor labels device_id device manufacturer model sw_version "
        "entity_category platform rid first_entity_id".split()
    ),
    st.sampled_from(["kitchen", "a b,c=d", "", 'x"y\\', "zwei\nZeilen", "mqtt"]),
    max_size=6,
)


def agree(steps: list[Any], options: dict[str, Any], **more: Any) -> None:
    """Feed frames, set tags (entity, mapping) in both; all must be equal."""
    core, reference = Pipeline(options), ReferencePipeline(options)
    for step in steps:
        if isinstance(step, tuple):
            core.set_tags(*step)
            reference.set_tags(*step)
            continue
        ours, theirs = core.feed(step, **more), reference.feed(step, **more)
        assert {name: getattr(ours, name) for name in COUNTED} == {
            name: getattr(theirs, name) for name in COUNTED
        }
    for schema in options["schema"]:
        assert core.buffered_of(schema) == len(reference._lines[schema])
        ours, theirs = core.take(schema), reference.take(schema)
        assert decode(ours) == decode(theirs)
        assert ours == theirs or schema == "ha"
    assert core.rejects()[-5:] == reference.rejects()[-5:]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        strategies.frames() | st.tuples(strategies.ENTITIES, st.none() | REGISTRY),
        min_size=1,
        max_size=4,
    ),
    SCHEMAS,
    TIDY,
    strategies.options(),
)
def test_random_frames(steps: list[Any], schemas: Any, tidy: Any, options: Any) -> None:
    """Any frames, tags and options give the same points in every schema."""
    agree(steps, {**options, "schema": schemas, "tidy": tidy})


SMALL = st.sampled_from([1, 2.5, "1", "a", "°C", None, True, [1], {"k": "\u2028"}, ""])
STEP = st.tuples(
    st.sampled_from(["light.x", "sensor.x", "sensor.x"]),
    st.sampled_from(["1", "2", "on", "off", "nan", "x y", "unknown", "", None]),
    st.dictionaries(st.sampled_from(TEXT.split()), SMALL, max_size=4),
    st.sampled_from(["compact", "spaced", "ascii"]),
    st.none() | REGISTRY,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, min_size=2, max_size=10), SCHEMAS, TIDY)
def test_the_life_of_an_entity(steps: Any, schemas: Any, tidy: Any) -> None:
    """States that follow each other, removals and new tags give the same points."""
    last: dict[str, Any] = {}
    made: list[Any] = []
    for number, (entity_id, state, attributes, form, tags) in enumerate(steps):
        if tags is not None:
            made.append((entity_id, tags))
        time = f"2026-11-20T15:09:{number * 7 % 60:02}.798309+00:00"
        message = state_changed(entity_id, state, attributes, time)
        data = message["event"]["data"]
        if state is None:
            data["new_state"] = None
        data["old_state"] = last.get(entity_id)
        last[entity_id] = data["new_state"]
        made.append(
            json.dumps(
                message,
                ensure_ascii=form == "ascii",
                separators=(", ", ": ") if form == "spaced" else (",", ":"),
            ).encode()
        )
    agree(made, {"schema": schemas, "tidy": tidy})


@pytest.mark.parametrize("schemas", [["ha", "homeiq", "tidy"], BOTH])
def test_recorded_frames(schemas: list[str]) -> None:
    """All recorded frames: 100 % equal, line for line."""
    tidy = {"attributes": ["*"], "tags": {"unit": True}}
    agree(recorded(limit=3000), {"schema": schemas, "tidy": tidy})


def points(schema: str, *messages: Any, **options: Any) -> list[Decoded]:
    """The points of messages in one schema."""
    pipeline = Pipeline({"schema": schema, **options})
    for message in messages:
        pipeline.feed(frame(message))
    return decode(pipeline.take())


def test_homeiq_removal() -> None:
    """A removal is a point with the old state, and without a new one."""
    old = state_changed(state="7", attributes={"device_class": "power"})
    old_state = old["event"]["data"]["new_state"]
    (point,) = points("homeiq", state_changed(new_state=None, old_state=old_state))
    assert point.fields["removed"] is True
    assert point.fields["previous_state"] == "7"
    assert point.tags["device_class"] == "power"
    assert "state_value" not in point.fields
    assert point.time_ns == TIME_NS


def test_homeiq_parent_context() -> None:
    """The parent of the context is written."""
    message = state_changed()
    message["event"]["context"] = {"id": "a", "parent_id": "b", "user_id": None}
    (point,) = points("homeiq", message)
    assert point.fields["context_id"] == "a"
    assert point.fields["context_parent_id"] == "b"
    assert "context_user_id" not in point.fields


@pytest.mark.parametrize(
    ("state", "number"), [("5", 5.0), ("on", None), ("nan", None), ("unknown", None)]
)
def test_homeiq_state_numeric(state: str, number: float | None) -> None:
    """The state is its plain text, with a number beside it if it is a finite one."""
    (point,) = points("homeiq", state_changed(state=state))
    assert point.fields["state_value"] == state
    assert point.fields.get("state_numeric") == number


@pytest.mark.parametrize(
    ("entity_id", "kind", "category"),
    [
        ("lock.x", "temperature", "security"),
        ("sensor.x", "humidity", "climate"),
        ("climate.x", "door", "security"),
        ("light.x", None, "lighting"),
        ("sensor.x", "energy", "appliance"),
        ("sensor.x", None, "monitoring"),
        ("person.x", "bad class", "general"),
    ],
)
def test_homeiq_category_order(entity_id: str, kind: Any, category: str) -> None:
    """The first row that names the domain or the class decides."""
    (point,) = points("homeiq", state_changed(entity_id, "1", {"device_class": kind}))
    assert point.tags["event_category"] == category


def test_tidy_unit_change_keeps_series() -> None:
    """Another unit is another field text, not another series."""
    one, other = points(
        "tidy",
        state_changed(attributes={"unit_of_measurement": "W"}),
        state_changed(attributes={"unit_of_measurement": "kW"}),
    )
    assert (one.measurement, one.tags) == (other.measurement, other.tags)
    assert (one.fields["unit"], other.fields["unit"]) == ("W", "kW")


def test_tidy_rename_rid() -> None:
    """With `follow: old_id` a renamed entity keeps its first id; `rid` spans both."""
    tidy = {"follow": "old_id", "tags": {"rid": True}}
    pipeline = Pipeline({"schema": "tidy", "tidy": tidy})
    for entity_id in ("sensor.old", "sensor.new"):
        pipeline.set_tags(entity_id, {"rid": "r1"})
        pipeline.feed(frame(state_changed(entity_id)))
    one, other = decode(pipeline.take())
    assert one.tags == other.tags == {"entity_id": "sensor.old", "rid": "r1"}


def test_tidy_labels_sorted() -> None:
    """Labels come sorted and joined, and are one tag."""
    pipeline = Pipeline({"schema": "tidy", "tidy": {"tags": {"labels": True}}})
    pipeline.set_tags("sensor.x", {"labels": "attic|warm"})
    pipeline.feed(frame(state_changed()))
    (point,) = decode(pipeline.take())
    assert point.tags["labels"] == "attic|warm"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(strategies.NAMES, strategies.VALUES), min_size=2))
def test_tidy_types_never_flip(many: list[dict[str, Any]]) -> None:
    """Whatever the attributes hold, a field name has one type."""
    kinds: dict[str, set[type]] = {}
    messages = [state_changed(attributes=attributes) for attributes in many]
    for point in points("tidy", *messages, tidy={"attributes": "*"}):
        for name, value in point.fields.items():
            kinds.setdefault(name, set()).add(type(value))
    assert all(len(found) == 1 for found in kinds.values())


def test_two_schemas_one_parse() -> None:
    """Several schemas count an event once, and each has its own lines."""
    pipeline = Pipeline({"schema": ["ha", "tidy"]})
    verdict = pipeline.feed(frame(state_changed(state="unknown")))
    assert (verdict.events, verdict.points, verdict.skipped) == (1, 0, 1)
    assert pipeline.take("ha") == b""
    assert pipeline.take("tidy").startswith(b"sensor,entity_id=sensor.x state=")


DOCS = Path(__file__).parent.parent / "docs" / "reference" / "schemas.md"


@pytest.mark.parametrize("schema", BOTH)
def test_examples_of_the_documentation(schema: str) -> None:
    """The lines that the reference shows are those of this event."""
    message = state_changed(
        "sensor.boiler", "21.5", {"unit_of_measurement": "°C"}, old_state=None
    )
    pipeline = Pipeline({"schema": schema})
    pipeline.set_tags("sensor.boiler", {"area_id": "cellar", "area": "Cellar"})
    pipeline.feed(frame(message))
    assert pipeline.take().decode() in DOCS.read_text()
