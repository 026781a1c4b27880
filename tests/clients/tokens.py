"""Tokens as tests need them, good and bad, signed with real keys."""

from __future__ import annotations

from typing import Any

import jwt

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_790_000_000.0


class Ring:
    """Keys by algorithm."""

    def __init__(self, **keys: Any) -> None:
        self.keys = keys or {"HS256": SECRET}

    def find(self, algorithm: str, key_id: str | None) -> Any | None:
        """Return a key."""
        return self.keys.get(algorithm)

    def has(self, algorithm: str) -> bool:
        """Return whether there is one."""
        return algorithm in self.keys


def token(
    key: Any = SECRET, algorithm: str = "HS256", now: float = NOW, **claims: Any
) -> str:
    """Return a token of alice for an hour; a claim that is None is left out."""
    all_of_it = {
        "sub": "alice",
        "exp": int(now) + 3600,
        "scope": "read control alerts",
        **claims,
    }
    payload = {name: value for name, value in all_of_it.items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm)
