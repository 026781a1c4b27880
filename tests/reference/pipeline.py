"""Frames in, lines out: the API of `hiq.Pipeline` in plain Python.

Validity of JSON is orjson's verdict; values come from `json`, which keeps the text of
large integers. The order of the checks of one event is the order of the code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from tests.reference.frames import (
    Rejected,
    deep,
    device_class_of,
    frame_reason,
    is_state_event,
    messages,
    moment,
    time_ns,
)
from tests.reference.line import Point, cleaned, encode, series_key
from tests.reference.options import Options
from tests.reference.point import build
from tests.reference.schemas import Event, homeiq, tidy

NO_POINT_STATES = ("unknown", "unavailable", "")
MAX_REJECTS = 64
SAMPLE_BYTES = 200


@dataclass
class Verdict:
    """What became of one frame."""

    events: int = 0
    points: int = 0
    filtered: int = 0
    skipped: int = 0
    rejected: int = 0
    duplicates: int = 0
    passed: list[bytes] = field(default_factory=list)
    full: bool = False


class Taken(NamedTuple):
    """Lines grouped by series, and the span of their time stamps."""

    data: bytes
    points: int
    first_ns: int
    last_ns: int


FORMS = {"homeiq": homeiq, "tidy": tidy}


class ReferencePipeline:
    """The oracle: same arguments, same results as `hiq.Pipeline`, only slow."""

    slow_events = 0

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = Options(options)
        self._lines: dict[str, list[tuple[Point, bytes]]] = {
            schema: [] for schema in self.options.schemas
        }
        self._sizes = dict.fromkeys(self._lines, 0)
        self._rejects: deque[tuple[str, bytes]] = deque(maxlen=MAX_REJECTS)
        self._platform: dict[str, str] = {}
        self._tags: dict[str, Mapping[str, str]] = {}
        self._last_time: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def feed(self, frame: Any, snapshot: bool = False) -> Verdict:
        """Take one WebSocket text message; never raises for bad content."""
        frame = bytes(memoryview(frame))
        verdict = Verdict()
        with deep():
            try:
                orjson.loads(frame)
            except orjson.JSONDecodeError:
                self._reject(verdict, frame_reason(frame), frame)
            else:
                for message, raw in messages(frame):
                    self._message(verdict, message, raw, snapshot)
        verdict.full = self.buffered_bytes > self.options.high_water
        return verdict

    def _reject(self, verdict: Verdict, reason: str, raw: bytes) -> None:
        verdict.rejected += 1
        self._rejects.append((reason, raw[:SAMPLE_BYTES]))

    def _message(
        self, verdict: Verdict, message: Any, raw: bytes, snapshot: bool
    ) -> None:
        if not isinstance(message, dict):
            self._reject(verdict, "NOT_AN_OBJECT", raw)
        elif not is_state_event(message):
            verdict.passed.append(raw)
        else:
            verdict.events += 1
            try:
                outcome = self._event(message["event"], snapshot)
            except Rejected as reason:
                self._reject(verdict, str(reason), raw)
            else:
                setattr(verdict, outcome, getattr(verdict, outcome) + 1)

    def _event(self, event: dict[str, Any], snapshot: bool) -> str:
        """Judge one event; return the counter that it belongs to."""
        data = event.get("data")
        if not isinstance(data, dict):
            raise Rejected("BAD_DATA")
        entity_id = data.get("entity_id")
        if not isinstance(entity_id, str):
            raise Rejected("BAD_ENTITY_ID")
        domain, dot, object_id = entity_id.partition(".")
        if not (domain and dot and object_id):
            raise Rejected("BAD_ENTITY_ID")
        if not self.options.filter.accepts(entity_id):
            return "filtered"
        rules = self.options.rules
        facts = {
            **self._tags.get(entity_id, {}),
            "entity_id": entity_id,
            "domain": domain,
            "device_class": device_class_of(data),
        }
        rules.observe(facts)
        if not rules.decide(facts)[0]:
            return "filtered"

        if "new_state" not in data:
            raise Rejected("NO_NEW_STATE")
        new_state = data["new_state"]
        if new_state is None and self.options.schemas == ["ha"]:
            return "skipped"  # the entity was removed
        if not isinstance(new_state, dict | None):
            raise Rejected("NO_NEW_STATE")
        state = "" if new_state is None else new_state.get("state")
        attributes = {} if new_state is None else new_state.get("attributes")
        if not isinstance(state, str) or not isinstance(attributes, dict):
            raise Rejected("BAD_DATA")
        stamp = time_ns(event.get("time_fired"))

        seen = self._last_time.get(entity_id)
        self._last_time[entity_id] = stamp
        if snapshot and seen == stamp:
            return "duplicates"
        gone = state in NO_POINT_STATES
        if new_state is None:
            pass
        elif gone:
            rules.written(entity_id, "", stamp)
        elif rules.thins(facts, state, stamp):
            return "filtered"
        points: dict[str, Point | None] = {
            "ha": None if gone else self._ha(entity_id, state, attributes, stamp),
            **self._others(event, data, stamp),
        }
        made = [points[name] for name in self.options.schemas]
        for name, point in zip(self.options.schemas, made, strict=True):
            if point is not None:
                line = encode(point)
                self._lines[name].append((point, line))
                self._sizes[name] += len(line)
        if made[0] is None:  # by rule, or no valid field is left
            return "skipped"
        if not gone:
            rules.written(entity_id, state, stamp)
        return "points"

    def _ha(
        self, entity_id: str, state: str, attributes: dict[str, Any], stamp: int
    ) -> Point | None:
        """The point of schema `ha`."""
        platform = self._platform.get(entity_id)
        return cleaned(
            build(self.options, entity_id, state, attributes, stamp, platform),
            self.options.default_measurement,
            entity_id,
            self.options.time_unit_ns,
        )

    def _others(
        self, event: dict[str, Any], data: dict[str, Any], stamp: int
    ) -> dict[str, Point | None]:
        """The points of the schemas beside `ha`."""
        if self.options.schemas == ["ha"]:
            return {}
        entity_id, new, old = (
            data["entity_id"],
            data["new_state"],
            data.get("old_state"),
        )
        registry = self._tags.get(entity_id, {})
        old = old if isinstance(old, dict) else {}
        context = event.get("context")
        seen = Event(
            entity_id,
            stamp,
            new,
            old,
            None if new is None else moment(new.get("last_changed")),
            moment(old.get("last_changed")),
            context if isinstance(context, dict) else {},
            registry,
            registry.get("first_entity_id")
            or self._first.get(registry.get("rid", ""), ""),
        )
        made = {name: form(self.options, seen) for name, form in FORMS.items()}
        unit = self.options.time_unit_ns
        for point in made.values():
            if point is not None:
                point.time_ns = point.time_ns // unit * unit
        return made

    def take(self, schema: str | None = None) -> bytes:
        """All lines in order of arrival; they are removed."""
        return b"".join(line for _, line in self._pop(schema))

    def take_batch(self, schema: str | None = None) -> Taken:
        """All lines by series, sorted; in order of arrival inside a series."""
        return _grouped(self._pop(schema))

    def take_batches(
        self, schema: str | None = None, max_points: int = 2**62, max_bytes: int = 2**62
    ) -> list[Taken]:
        """All lines in parts of at most so much, shared out evenly, each grouped."""
        lines = self._pop(schema)
        parts = -(-len(lines) // max_points)
        most = -(-len(lines) // parts) if parts else 0
        found: list[list[tuple[Point, bytes]]] = []
        size = 0
        for point, line in lines:
            if not found or len(found[-1]) == most or size + len(line) > max_bytes:
                found.append([])
                size = 0
            found[-1].append((point, line))
            size += len(line)
        return [_grouped(part) for part in found]

    def _pop(self, schema: str | None) -> list[tuple[Point, bytes]]:
        name = schema if schema is not None else self.options.schemas[0]
        lines, self._lines[name] = self._lines[name], []
        self._sizes[name] = 0
        return lines

    def rejects(self) -> list[tuple[str, bytes]]:
        """The newest rejected events: reason code and first 200 bytes."""
        return list(self._rejects)

    def set_tags(self, entity_id: str, tags: Mapping[str, str] | None) -> None:
        """Registry tags of one entity; schema `ha` uses only `platform`."""
        self._tags[entity_id] = dict(tags or {})
        if (tags or {}).get("rid"):
            self._first.setdefault((tags or {})["rid"], entity_id)
        platform = (tags or {}).get("platform")
        if platform is None:
            self._platform.pop(entity_id, None)
        else:
            self._platform[entity_id] = platform

    def set_filter(self, options: Mapping[str, Any] | None) -> None:
        """Take over what decides and which attributes are written."""
        given = Options(options)
        self.options.filter, self.options.rules = given.filter, given.rules

    @property
    def buffered_points(self) -> int:
        """Lines not taken yet, of all schemas."""
        return sum(len(lines) for lines in self._lines.values())

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the lines not taken yet."""
        return sum(self._sizes.values())


def _grouped(lines: list[tuple[Point, bytes]]) -> Taken:
    groups: dict[str, list[bytes]] = {}
    for point, line in lines:
        groups.setdefault(series_key(point), []).append(line)
    times = [point.time_ns for point, _ in lines] or [0]
    ordered = sorted(groups.values(), key=lambda group: group[0])
    data = b"".join(line for group in ordered for line in group)
    return Taken(data, len(lines), min(times), max(times))
