"""What one input of the fuzzers is: a configuration and frames in their order.

As bytes: the number of the configuration, then the frames, 0xFF between them (a byte
that is in no UTF-8; the mutator never makes it). Findings, the corpus and libFuzzer's
inputs all have this form.
"""

from __future__ import annotations

from typing import Any, NamedTuple

BETWEEN = b"\xff"
SNAPSHOT = 0x80  # flag: every second frame is part of a snapshot

CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {},
    {
        "measurement_attr": "domain__device_class",
        "tags_attributes": ["friendly_name", "unit_of_measurement", "time", "x", "é"],
        "ignore_attributes": ["icon", "supported_features", "value_"],
    },
    {
        "measurement_attr": "entity_id",
        "skip_null_attributes": True,
        "restore_python_text": False,
        "default_measurement": "#",
        "precision": "s",
    },
    {"max_entities": 3},
    {
        "include": {"domains": ["sensor", "light"], "entity_globs": ["*_[0-9]*", "c*"]},
        "exclude": {"entities": ["sensor.x"], "entity_globs": ["*.*temp*", "light.?"]},
    },
    {
        "override_measurement": "m, x=y\\",
        "tags": {"source": "HA", "domain": "C:\\dir\\", "time": "a, b=c"},
        "component_config_domain": {"sensor": {"ignore_attributes": ["state_class"]}},
        "component_config_glob": {"*t*": {"override_measurement": "é\n"}},
        "component_config": {"sensor.x": {"ignore_attributes": "a"}},
        "max_entities": 2,
    },
    {
        "default_measurement": "a b",
        "skip_null_attributes": True,
        "tags_attributes": ["device_class"],
        "precision": "ms",
        "exclude": {"domains": "zone"},
    },
    {"max_entities": 1, "ignore_attributes": ["friendly_name"], "precision": "us"},
    {"max_remembered_bytes": 6_000},
    {"max_remembered_bytes": 1, "measurement_attr": "domain__device_class"},
    {"schema": "homeiq"},
    {
        "schema": ["homeiq", "tidy"],
        "tidy": {
            "tags": {
                **dict.fromkeys(("unit", "floor", "device", "labels"), True),
                **dict.fromkeys(("platform", "rid"), True),
            },
            "attributes": ["*"],
            "max_text_bytes": 40,
            "numeric_state_text": True,
        },
    },
    {
        "schema": ["tidy", "ha"],
        "tidy": {
            "tags": {"device_class": False, "area": False},
            "attributes": {"sensor": ["*e*", "x?"], "*": ["[a-m]*"]},
            "unavailable": "skip",
        },
        "precision": "ms",
        "tags": {"source": "a b", "entity_id": "C:\\dir\\"},
        "max_remembered_bytes": 6_000,
    },
    {
        "schema": ["ha", "homeiq", "tidy"],
        "filter": {
            "patterns": [
                {"entity_id": ["*_[0-9]*7", "*temp*"]},
                {"device_class": ["temperature", "door"], "domain": "sensor"},
                {"device_class": "motion"},
            ],
            "exceptions": [{"device_class": "power"}, {"entity_id": "*_1?"}],
            "attributes": {"deny": ["icon", "*_l*"]},
        },
        "max_entities": 3,
    },
)


class Session(NamedTuple):
    """Frames for one pipeline."""

    number: int
    snapshot: bool
    frames: list[bytes]

    @property
    def options(self) -> dict[str, Any]:
        """The options of the pipeline."""
        return CONFIGURATIONS[self.number]

    @property
    def others(self) -> tuple[str, ...]:
        """The schemas behind the first one."""
        schemas = self.options.get("schema", ())
        return () if isinstance(schemas, str) else tuple(schemas[1:])


def to_bytes(session: Session) -> bytes:
    """The input as the fuzzers keep it."""
    head = session.number | (SNAPSHOT if session.snapshot else 0)
    return bytes([head]) + BETWEEN.join(session.frames)


def from_bytes(data: bytes) -> Session:
    """Any bytes are a session."""
    head = data[0] if data else 0
    number = (head & ~SNAPSHOT) % len(CONFIGURATIONS)
    return Session(number, bool(head & SNAPSHOT), data[1:].split(BETWEEN))
