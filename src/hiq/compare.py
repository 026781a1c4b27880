"""What should be in a database against what is: one window of time, one sink.

Pure: expected points and stored points go in, findings come out. A point is missing
if nothing of it is there; it is different if a value differs or a field is not there;
a stored point is extra if the recorder has no row for it, and it is not the snapshot of
a last value. Fields and attributes that only the database knows are no finding: a
recorder does not keep every attribute.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from hiq.regular.lines import MARK
from hiq.sink.encode import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.sink.decode import Value
    from hiq.sink.stored import Stored

__all__ = ["Expected", "Finding", "Key", "Kind", "Window"]

Key: TypeAlias = tuple[str, int]
"""Entity and nanoseconds."""
Kind: TypeAlias = Literal["missing", "extra", "different"]
MILLISECOND = 10**6
MAX_EXTRA = 100_000
"""Extra points of a window that are told apart when they come in several parts."""
OTHER_NAMES = {"_str": str, "_float": float, "_int": int, "_bool": bool}
"""What `types: coerce` adds to a name, and the type for which it does."""
CLOSE = 1e-9
"""VictoriaMetrics keeps about twelve digits of a number, fewer beside larger ones."""


@dataclass(slots=True)
class Expected:
    """One point that should be there.

    Attributes:
        series: first part of its line, as sent.
        measurement: its name.
        fields: all of its values.
        line: the whole line, without its end.
        bare: its row had no attributes, so that they may have decided more.
        left: the values that were not met yet.
        met: some of it is there.
    """

    series: str
    measurement: str
    fields: dict[str, Value]
    line: bytes
    bare: bool = False
    left: dict[str, Value] = field(default_factory=dict)
    met: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; `field`, `expected` and `found` only where a value differs."""

    kind: Kind
    entity_id: str
    time_ns: int
    measurement: str
    field: str = ""
    expected: Value | None = None
    found: Value | None = None


class Window:
    """One comparison: give it all that is stored in a span, then `finish`.

    - `counts`: compared, missing, extra, different, unjudged. `unjudged` are stored
      points of entities without any row: the recorder may not record them.
    - `findings`: the first `limit` of them; `strangers`: entities that are stored
      and that nobody asked the recorder about.
    - After calling `finish`: `repairs` are the lines that bring what is missing.
    """

    def __init__(
        self,
        expected: Iterable[tuple[Key, Expected]],
        known: set[Key],
        asked: set[str],
        recorded: set[str],
        *,
        samples: bool,
        limit: int,
        coerced: bool = False,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.strangers: set[str] = set()
        self.unjudged: Counter[str] = Counter()
        self.repairs: list[bytes] = []
        self._asked = asked
        self._recorded = recorded
        self._samples = samples
        self._limit = limit
        self._coerced = coerced
        self._points: dict[Key, list[Expected]] = {}
        self._known = {self._cut(key) for key in known} if samples else known
        self._extra: dict[Key, str] = {}
        self._snapshots: set[Key] = set()
        for key, point in expected:
            self._expect(self._cut(key) if samples else key, point)

    def see(self, stored: Stored) -> None:
        """Take one stored point, or a part of one."""
        key = (stored.entity_id, stored.time_ns)
        points = self._points.get(key)
        if points is None:
            if stored.entity_id not in self._asked:
                self.strangers.add(stored.entity_id)
            elif key not in self._known:
                self._see_extra(key, stored)
            return
        if self._samples:
            self._see_sample(key, points, stored)
            return
        (point,) = points
        if stored.measurement != point.measurement and not point.bare:
            self._see_extra(key, stored)
            return
        point.met = True
        for name, value in stored.fields.items():
            wanted = point.left.get(name)
            if wanted is None:
                if self._coerced:
                    _met_under_another_name(point, name, value)
                continue
            if self._coerced and type(wanted) is not type(value):
                continue  # the field has another name, see `types: coerce`
            del point.left[name]
            if wanted != value:
                self._differs(key, point, name, wanted, value)

    def finish(self) -> None:
        """Judge what was not met, and what nobody expected."""
        for key, measurement in self._extra.items():
            if key not in self._snapshots:
                self._note(Finding("extra", *key, measurement))
        for key, points in self._points.items():
            for point in points:
                self.counts["compared"] += 1
                if not point.met:
                    self._note(Finding("missing", *key, point.measurement))
                    self.repairs.append(point.line + b"\n")
                    continue
                for name, value in point.left.items():
                    self._differs(key, point, name, value, None)
                if point.left:
                    left = point.left.items()
                    time_ns = int(point.line[point.line.rindex(b" ") :])
                    text = encode(point.series, time_ns, left)
                    self.repairs.append(text.encode())

    def _cut(self, key: Key) -> Key:
        return key[0], key[1] // MILLISECOND * MILLISECOND

    def _expect(self, key: Key, point: Expected) -> None:
        point.left = dict(point.fields)
        if self._samples:
            point.left = {
                name: float(value)
                for name, value in point.fields.items()
                if not isinstance(value, str)
            }
            if point.left:
                self._points.setdefault(key, []).append(point)
            else:
                self._known.add(key)
            return
        former = self._points.get(key)
        if former:  # one series, one time: the later values win
            point.fields = {**former[0].fields, **point.fields}
            point.left = dict(point.fields)
            point.line = encode(point.series, key[1], point.fields.items()).encode()[
                :-1
            ]
        self._points[key] = [point]

    def _see_sample(self, key: Key, points: list[Expected], stored: Stored) -> None:
        """Take one number of VictoriaMetrics: any of the points may have it."""
        (value,) = stored.fields.values()
        number = float(value)
        wrong: tuple[Expected, str] | None = None
        for point in points:
            head = point.measurement + "_"
            if not stored.measurement.startswith(head):
                continue
            name = stored.measurement[len(head) :]
            wanted = point.fields.get(name)
            if wanted is None or isinstance(wanted, str):
                continue
            if math.isclose(float(wanted), number, rel_tol=CLOSE, abs_tol=CLOSE):
                point.met = True
                if point.left.pop(name, None) is not None:
                    return
                wrong = None
                continue
            if name in point.left:
                wrong = (point, name)
        if wrong is not None:
            point, name = wrong
            point.met = True
            self._differs(key, point, name, point.left.pop(name), number)

    def _see_extra(self, key: Key, stored: Stored) -> None:
        """Take a point without a row; the mark of a snapshot may come on its own."""
        if MARK in stored.fields or (
            self._samples and stored.measurement.endswith(f"_{MARK}")
        ):
            if len(self._snapshots) < MAX_EXTRA:
                self._snapshots.add(key)
        elif key[0] not in self._recorded:
            self.unjudged[key[0]] += 1
            self.counts["unjudged"] += 1
        elif len(self._extra) < MAX_EXTRA:
            self._extra.setdefault(key, stored.measurement)
        elif key not in self._extra:
            self._note(Finding("extra", *key, stored.measurement))

    def _differs(
        self, key: Key, point: Expected, name: str, wanted: Value, found: Value | None
    ) -> None:
        entity_id, time_ns = key
        self._note(
            Finding(
                "different",
                entity_id,
                time_ns,
                point.measurement,
                name,
                wanted,
                found,
            )
        )

    def _note(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if len(self.findings) < self._limit:
            self.findings.append(finding)


def _met_under_another_name(point: Expected, name: str, value: Value) -> None:
    """Take a field as met that was renamed because of its type."""
    for suffix, kind in OTHER_NAMES.items():
        base = name.removesuffix(suffix)
        if base != name and isinstance(value, kind) and point.left.get(base) == value:
            del point.left[base]
            return
