"""What the filter decided, as the core tells it: of one entity, and of all events.

Plain values; a rule is named by its place in the options, as `patterns[3]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hiq._core.filter_options import TAGS, FilterRules

__all__ = ["Decision", "FilterCounts", "counted", "facts_of", "rule_name"]

LISTS = "include/exclude"
LONGEST_FACT = 0xFFFF
FIRST_RULE = 2
"""Number of the first exception; 1 are the lists, 0 is no rule."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an entity passes, and why.

    Attributes:
        accepted: whether its events become points.
        rule: what decided: `exceptions[0]`, `patterns[3]`, `include/exclude`, or
            nothing if no rule matches.
        limit: `limits[0]` if its points are thinned, else nothing.
        by_class: another device class could lead to another answer.
    """

    accepted: bool
    rule: str
    limit: str
    by_class: bool


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """Events since the filter was set; each is in one of the first three.

    Attributes:
        filtered: refused by a list or a rule, or because no rule matches.
        passed: accepted, but not by an exception.
        exceptions: accepted by an exception.
        thinned: accepted, and left out by a limit.
        rules: events by the rule that decided, and left out by each limit.
    """

    filtered: int = 0
    passed: int = 0
    exceptions: int = 0
    thinned: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)


def rule_name(number: int, exceptions: int) -> str:
    """Return the name of what decided; `exceptions`: how many there are."""
    if number < FIRST_RULE:
        return LISTS if number else ""
    place = number - FIRST_RULE
    if place < exceptions:
        return f"exceptions[{place}]"
    return f"patterns[{place - exceptions}]"


def counted(
    rules: FilterRules, decided: Sequence[int], thinned: Sequence[int]
) -> FilterCounts:
    """Return the counts of the core by name; those that are zero are left out."""
    exceptions = len(rules.exceptions)
    first = FIRST_RULE + exceptions
    by_pattern = sum(decided[first:])
    by_exception = sum(decided[FIRST_RULE:first])
    matched, others = (decided[0], by_pattern)
    if rules.is_include:
        matched, others = others, matched
    names = {rule_name(n, exceptions): count for n, count in enumerate(decided) if n}
    names |= {f"limits[{n}]": count for n, count in enumerate(thinned)}
    left_out = sum(thinned)
    return FilterCounts(
        filtered=decided[1] + others,
        passed=matched,
        exceptions=by_exception,
        thinned=left_out,
        rules={name: count for name, count in names.items() if count},
    )


def facts_of(tags: Mapping[str, str | None] | None) -> bytes:
    """Return what the filter may ask of the registry's tags, as the core keeps it."""
    if tags is None:
        return b""
    found = [(tags.get(name) or "").encode()[:LONGEST_FACT] for name in TAGS]
    if not any(found):
        return b""
    return b"".join(len(fact).to_bytes(2, "little") + fact for fact in found)
