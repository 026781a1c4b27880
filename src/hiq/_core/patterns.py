"""Shell patterns taken apart, by the rules of Python's `fnmatch`.

Pure: a pattern becomes a list of steps, each with ranges of code points. What
matches them is `globs`.
"""

from enum import IntEnum

__all__ = ["Step", "ends_of", "steps_of"]

Ranges = list[tuple[int, int]]
LAST_ASCII = 127


class Step(IntEnum):
    """What one step of a pattern takes; the values are those of `globs.pxd`."""

    LITERAL = 0
    ANY = 1
    STAR = 2
    INSIDE = 3
    OUTSIDE = 4


def ranges_of(content: str) -> Ranges:
    """Return the ranges of what stands between brackets; empty ones are left out."""
    ranges: Ranges = []
    at = 0
    while at < len(content):
        low = high = ord(content[at])
        at += 1
        if at + 1 < len(content) and content[at] == "-":
            high = ord(content[at + 1])
            at += 2
        if low <= high:
            ranges.append((low, high))
    return ranges


def ends_of(steps: list[tuple[Step, Ranges]]) -> tuple[bytes, bytes, int]:
    """Return how each text that matches begins and ends, and its fewest bytes.

    Most texts that do not match differ there already.
    """
    return (
        plain_start(steps),
        plain_start(steps[::-1])[::-1],
        sum(kind is not Step.STAR for kind, _ in steps),
    )


def plain_start(steps: list[tuple[Step, Ranges]]) -> bytes:
    """Return the ASCII characters at the start."""
    found = bytearray()
    for kind, ranges in steps:
        if kind is not Step.LITERAL or ranges[0][0] > LAST_ASCII:
            break
        found.append(ranges[0][0])
    return bytes(found)


def steps_of(pattern: str) -> list[tuple[Step, Ranges]]:
    """Return the steps of a pattern; a bracket that is not closed is a plain one."""
    steps: list[tuple[Step, Ranges]] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            steps.append((Step.STAR, []))
        elif char == "?":
            steps.append((Step.ANY, []))
        else:
            negated = pattern.startswith("!", at)
            end = pattern.find("]", at + negated + 1) if char == "[" else -1
            if end < 0:
                steps.append((Step.LITERAL, [(ord(char), ord(char))]))
            else:
                kind = Step.OUTSIDE if negated else Step.INSIDE
                steps.append((kind, ranges_of(pattern[at + negated : end])))
                at = end + 1
    return steps
