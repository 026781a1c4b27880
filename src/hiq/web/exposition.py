"""Prometheus' text format 0.0.4: families of samples to text, nothing else.

Its own because the library for it brings a server, sockets and 1.7 MiB into memory,
of which a few lines are needed; that library's parser judges the text in the tests.
It does not know what is counted, nor where from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CONTENT_TYPE", "Family", "cumulated", "text_of"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(slots=True)
class Family:
    """Samples of one name.

    Attributes:
        name: as it is exposed; a counter's ends in `_total`.
        text: its help.
        kind: its type.
        labels: names of the labels, the same for each sample.
        samples: suffix of the name, labels as they are written, value.
    """

    name: str
    text: str
    kind: Kind = "gauge"
    labels: Sequence[str] = ()
    samples: list[tuple[str, str, float]] = field(default_factory=list)

    def add(self, value: float, *labels: str) -> Family:
        """Add one sample; returns the family."""
        self.samples.append(("", _written(self.labels, labels), value))
        return self

    def add_histogram(
        self, labels: Sequence[str], buckets: Iterable[tuple[str, float]], total: float
    ) -> None:
        """Add one histogram: upper bounds with cumulated counts, and the sum."""
        count = 0.0
        for bound, count in buckets:
            written = _written((*self.labels, "le"), (*labels, bound))
            self.samples.append(("_bucket", written, count))
        written = _written(self.labels, labels)
        self.samples += (("_count", written, count), ("_sum", written, total))


def text_of(families: Iterable[Family]) -> bytes:
    """Return the text of one scrape, UTF-8."""
    lines = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.text.translate(HELP)}\n")
        lines.append(f"# TYPE {family.name} {family.kind}\n")
        for suffix, labels, value in family.samples:
            lines.append(f"{family.name}{suffix}{labels} {float(value)!r}\n")
    return "".join(lines).encode()


def cumulated(
    bounds: Sequence[float], counts: Sequence[int]
) -> list[tuple[str, float]]:
    """Return upper bounds as they are written with cumulated counts; the last is +Inf.

    `counts` has one more than `bounds`, each value in one of them only.
    """
    names = [*(repr(bound) for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))


def _written(names: Sequence[str], values: Sequence[str]) -> str:
    """Return labels in braces, nothing without labels."""
    if not names:
        return ""
    pairs = zip(names, values, strict=True)
    return "{" + ",".join(f'{k}="{v.translate(LABEL)}"' for k, v in pairs) + "}"
