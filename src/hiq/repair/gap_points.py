"""Settled gaps as points of the measurement `hiq_gaps`, for dashboards and alerts.

One point per gap at its begin: tags cause, source, state; fields seconds, points (if
known), detail and outcome. A gap that grows is the same point again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from hiq._core.taken import Taken
from hiq.repair.convert import Converted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hiq.gaps import Gap

__all__ = ["MEASUREMENT", "gap_points", "plain_text", "tag_text"]

MEASUREMENT: Final = "hiq_gaps"


def gap_points(gaps: Sequence[Gap], schemas: Sequence[str]) -> Converted:
    """Return the points of settled gaps, for every schema alike."""
    lines = "".join(map(_line, gaps)).encode()
    stamps = [_nanoseconds(gap.start_s) for gap in gaps]
    taken = Taken(lines, len(gaps), min(stamps, default=0), max(stamps, default=0))
    counts = Counter(events=len(gaps), points=len(gaps))
    return Converted([(schema, taken) for schema in schemas] if gaps else [], counts)


def _line(gap: Gap) -> str:
    tags = {"cause": gap.cause, "source": gap.source, "state": gap.state}
    series = ",".join([MEASUREMENT, *(f"{k}={tag_text(v)}" for k, v in tags.items())])
    end_s = gap.start_s if gap.end_s is None else gap.end_s
    fields = [f"seconds={end_s - gap.start_s:.3f}"]
    if gap.points is not None:
        fields.append(f"points={gap.points}")
    for name, text in (("detail", gap.detail), ("outcome", gap.outcome)):
        if text:
            fields.append(f'{name}="{plain_text(text)}"')
    return f"{series} {','.join(fields)} {_nanoseconds(gap.start_s)}\n"


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e6) * 1000


def tag_text(text: str) -> str:
    """Return a text as the value of a tag."""
    for sign in (",", "=", " "):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "_").rstrip("\\")


def plain_text(text: str) -> str:
    """Return a text as it stands between the quotes of a field."""
    plain = text.replace("\n", " ")
    return plain.replace("\\", "\\\\").replace('"', '\\"')
