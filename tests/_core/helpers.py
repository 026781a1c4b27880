"""What the tests of the core share: feeding both implementations and comparing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from hiq import Pipeline
from tests.events import frame, state_changed
from tests.lineprotocol import Decoded, decode
from tests.reference import ReferencePipeline

COUNTED = (
    "events",
    "points",
    "filtered",
    "skipped",
    "rejected",
    "duplicates",
    "passed",
    "full",
)


def counts(verdict: Any) -> dict[str, Any]:
    """What a verdict says, whichever implementation made it."""
    return {name: getattr(verdict, name) for name in COUNTED}


def agree(
    frames: Iterable[bytes],
    options: Mapping[str, Any] | None = None,
    *,
    snapshot: bool = False,
    platforms: Mapping[str, str] | None = None,
) -> bytes:
    """Feed both, want equal verdicts, bytes and reasons; return the lines."""
    core, reference = Pipeline(options), ReferencePipeline(options)
    for entity_id, platform in (platforms or {}).items():
        core.set_tags(entity_id, {"platform": platform})
        reference.set_tags(entity_id, {"platform": platform})
    for given in frames:
        ours = core.feed(given, snapshot=snapshot)
        theirs = reference.feed(given, snapshot=snapshot)
        assert counts(ours) == counts(theirs), given
    assert core.buffered_points == reference.buffered_points
    assert core.buffered_bytes == reference.buffered_bytes
    assert core.rejects() == reference.rejects()
    lines = core.take()
    assert lines == reference.take()
    return lines


def point(options: Mapping[str, Any] | None = None, **event: Any) -> Decoded:
    """The one point of one event, the same from both."""
    (found,) = decode(agree([frame(state_changed(**event))], options))
    return found


def fields(attributes: Mapping[str, Any], **event: Any) -> dict[str, Any]:
    """Fields that attributes give beside the state `on`."""
    found = dict(point(state="on", attributes=attributes, **event).fields)
    assert found.pop("value") == 1.0
    assert found.pop("state") == "on"
    return found


def raw(attributes: str, state: str = '"on"', entity_id: str = '"sensor.x"') -> bytes:
    """A frame whose attributes, state and entity id are given as JSON text."""
    return (
        '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
        f'{entity_id},"old_state":null,"new_state":{{"entity_id":{entity_id},'
        f'"state":{state},"attributes":{attributes}}}}},'
        '"time_fired":"2026-11-20T15:09:29.798309+00:00"},"id":1}'
    ).encode()


def is_valid(text: bytes) -> bool:
    """The verdict of orjson."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def is_accepted(text: bytes) -> bool:
    """The verdict of the core on a value, as an array so that nothing else counts."""
    pipeline = Pipeline()
    verdict = pipeline.feed(text)
    reasons = {reason for reason, _ in pipeline.rejects()}
    refused = reasons & {"BAD_JSON", "BAD_UTF8", "TOO_DEEP", "TOO_LARGE"}
    assert bool(refused) <= (verdict.rejected == 1 and verdict.events == 0)
    return not refused


def compact(value: Any) -> str:
    """JSON text without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
