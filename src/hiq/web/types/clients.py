"""A frame of /ws, as far as all frames are alike."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["ClientFrame"]


class ClientFrame(Struct, frozen=True):
    """A frame of the client protocol, which has a reference of its own."""

    type: str
