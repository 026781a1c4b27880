"""Globs of entity ids: `*` for any text, `?` for one character, nothing else.

Written by hand, because a regular expression made of a stranger's pattern can take
for ever; this takes length times length at most.
"""

from __future__ import annotations

__all__ = ["is_glob", "matches"]


def is_glob(pattern: str) -> bool:
    """Return whether a pattern can mean more than one id."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern means a text."""
    if pattern == "*":
        return True
    if not is_glob(pattern):
        return pattern == text
    at = place = 0
    star = back = -1
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, back = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in {"?", text[at]}:
            place += 1
            at += 1
        elif star >= 0:
            back += 1
            place, at = star + 1, back
        else:
            return False
    return all(sign == "*" for sign in pattern[place:])
