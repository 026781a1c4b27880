"""The nearest valid name to one that is not valid, as words for a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "listed"]


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return ` (did you mean x?)`, or "" if nothing is near."""
    import difflib  # noqa: PLC0415  only those pay for it who made a mistake

    near = difflib.get_close_matches(name.lower(), list(valid), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def listed(valid: Iterable[object]) -> str:
    """Return names as `a, b or c`."""
    names = [str(name) for name in valid]
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
