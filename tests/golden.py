"""Comparison of our points with those that Home Assistant itself wrote.

Both sides are decoded to measurement, tags, fields and time. What we do otherwise on
purpose is applied to Home Assistant's point first, one named class each; what is
different then must be something that JSON does not carry, again one named class each.
Anything else is a fault and is reported as such.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.corpus import GoldenSet
from tests.lineprotocol import Decoded, Value, decode_one

DELIBERATE = {
    "line break": "each becomes one space, as Home Assistant does since 2026",
    "field time": "renamed `time_`, as Home Assistant does since 2026",
    "non-finite state": "`value=nan` and `value=inf` are refused by the server",
    "backslash in a name": "before a space, comma, `=` or at the end servers disagree",
    "stamp": "nanoseconds are sent, floored to `precision`",
}
NOT_IN_JSON = {
    "tuple": "JSON has lists only: `(1, 2)` arrives as `[1, 2]`",
    "set": "JSON has lists only: `{5}` arrives as `[5]`",
    "datetime": "arrives as ISO text with `T`; known for the well-known attributes only",
    "enum": "arrives as its value: `Plain.X` as `x`",
    "list of enums": "arrive as their values; known for the well-known attributes only",
    "non-finite attribute": "NaN and infinity arrive as null, which is text `None`",
    "key None": "a map key or attribute name None arrives as `null`",
}
UNITS_NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass
class Comparison:
    """What one golden set came to; the counts are of lines unless named otherwise."""

    name: str
    lines: int = 0
    silent: int = 0  # events for which neither side wrote a line
    equal: int = 0  # decoded equal as they are
    equal_adjusted: int = 0  # equal after what is deliberate
    deliberate: Counter[str] = field(default_factory=Counter)
    not_in_json: Counter[str] = field(default_factory=Counter)  # of fields and tags
    carried: int = 0  # lines that JSON can carry whole
    faults: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Lines equal after what is deliberate, of all lines."""
        return self.equal_adjusted / self.lines

    @property
    def share_carried(self) -> float:
        """The same, of the lines that JSON can carry."""
        return self.equal_adjusted / self.carried


def without_breaks(text: str) -> str:
    """Line breaks to single spaces, one at the end to nothing."""
    parts = BREAKS.split(text)
    if parts[-1] == "":
        parts.pop()
    return " ".join(parts)


def safe_name(text: str) -> str:
    """Backslashes where every server reads them alike."""
    kept = re.sub(r"\\+(?=[ ,=])", "", text)
    stripped = kept.rstrip("\\")
    return kept if kept == stripped else stripped + " "


def map_names(point: Decoded, change: Callable[[str], str]) -> Decoded:
    """Apply a change to measurement, keys and tag values."""
    return Decoded(
        change(point.measurement),
        {change(key): change(value) for key, value in point.tags.items()},
        {change(key): value for key, value in point.fields.items()},
        point.time_ns,
    )


def adjust(
    theirs: Decoded, options: dict[str, Any], entity_id: str
) -> tuple[Decoded, set[str]]:
    """Apply what is deliberate to Home Assistant's point; say which classes it took."""
    took = set()
    # The 2.x client writes a unit `a\` so that the server reads the tags as its part.
    name, comma, tags = theirs.measurement.partition(",domain=")
    if comma and "domain" not in theirs.tags:
        took.add("backslash in a name")
        theirs = theirs._replace(
            measurement=name + "\\", tags={"domain": tags, **theirs.tags}
        )

    unit = UNITS_NS[options.get("precision") or "ns"]
    if unit != 1:
        took.add("stamp")
        theirs = theirs._replace(time_ns=theirs.time_ns * unit)

    cleaned = map_names(theirs, without_breaks)
    cleaned = cleaned._replace(
        fields={
            key: without_breaks(value) if isinstance(value, str) else value
            for key, value in cleaned.fields.items()
        }
    )
    # A unit of nothing but a break leaves no name, and a tag no value.
    cleaned = cleaned._replace(
        measurement=cleaned.measurement
        or options.get("default_measurement")
        or entity_id,
        tags={key: value for key, value in cleaned.tags.items() if value},
    )
    if cleaned != theirs:
        took.add("line break")
    fields: dict[str, Value] = dict(cleaned.fields)
    if "time" in fields:
        took.add("field time")
        fields["time_"] = fields.pop("time")
    if not math.isfinite(float(fields.get("value", 0))):
        took.add("non-finite state")
        del fields["value"]
    cleaned = cleaned._replace(fields=fields)
    named = map_names(cleaned, safe_name)
    if named != cleaned:
        took.add("backslash in a name")
    return named, took


def attribute_of(frame: bytes, key: str) -> Any:
    """The attribute that a field or tag came from; KeyError if there is none."""
    attributes = json.loads(frame)["event"]["data"]["new_state"]["attributes"]
    if key in attributes:
        return attributes[key]
    return attributes[key.removesuffix("_str")]


def why_lost(theirs: Value | None, ours: Value | None, frame: bytes, key: str) -> str:
    """Name the Python type that JSON could not carry; "" if it is none of them."""
    if key.removesuffix("_str") in ("None", "null"):
        return "key None"
    try:
        value = attribute_of(frame, key)
    except KeyError:
        return ""
    if value is None and theirs is None and ours == "None":
        return "non-finite attribute"
    if not isinstance(theirs, str):
        return ""
    if isinstance(value, list):
        inner = str(value)[1:-1]
        if theirs.startswith("[<"):
            return "list of enums"
        if theirs in (f"({inner})", f"({inner},)"):
            return "tuple"
        if theirs == f"{{{inner}}}":
            return "set"
    if isinstance(value, str):
        if theirs == value[:10] + " " + value[11:]:
            return "datetime"
        if re.fullmatch(rf"[A-Z]\w*\.{re.escape(value)}", theirs, re.IGNORECASE):
            return "enum"
    return ""


def differences(
    theirs: Decoded, ours: Decoded
) -> list[tuple[str, Value | None, Value | None]]:
    """Names, and both values, of tags and fields that differ; None where absent."""
    found: list[tuple[str, Value | None, Value | None]] = []
    for left, right in ((theirs.tags, ours.tags), (theirs.fields, ours.fields)):
        found += [
            (key, left.get(key), right.get(key))
            for key in sorted(left.keys() | right.keys())
            if left.get(key) != right.get(key)
        ]
    return found


def compare(
    golden: GoldenSet, convert: Callable[[bytes], bytes], *, limit: int | None = None
) -> Comparison:
    """Compare every event of a set.

    Args:
        golden: the set.
        convert: from a frame to our lines for it (b"" if none).
        limit: take the first so many events only.
    """
    result = Comparison(golden.name)
    for number, pair in enumerate(golden.pairs[:limit]):
        line = convert(pair.frame)
        ours = decode_one(line) if line else None
        if pair.line is None:
            result.silent += 1
            if ours is not None:
                result.faults.append(f"{number}: they wrote nothing, we {line!r}")
            continue
        result.lines += 1
        theirs = decode_one(pair.line, golden.dialect)
        result.equal += theirs == ours
        adjusted, took = adjust(theirs, golden.options, pair.entity_id)
        result.deliberate.update(took)
        if ours == adjusted:
            result.equal_adjusted += 1
            result.carried += 1
            continue
        if ours is None:
            result.faults.append(f"{number}: they wrote {pair.line!r}, we nothing")
            continue
        reasons = [
            why_lost(left, right, pair.frame, key)
            for key, left, right in differences(adjusted, ours)
        ]
        if (ours.measurement, ours.time_ns) != (adjusted.measurement, adjusted.time_ns):
            reasons.append("")
        result.not_in_json.update(reasons)
        if "" in reasons:
            result.carried += 1
            result.faults.append(f"{number}: they wrote {pair.line!r}, we {line!r}")
    return result
