"""The document of one user: layout, theme, filters; with a version, changed by patches.

A write names the version that it was made for; if another one came first, nothing is
written. A patch is applied whole or not at all. It must not know who is told.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import jsonpatch
import orjson
from jsonpointer import JsonPointerException

from hiq.clients.reading import MAX_DEPTH, depth

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Document", "Refused"]

MAX_BYTES: Final = 256 * 1024
NEEDS: Final = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "from"),
    "copy": ("path", "from"),
    "test": ("path", "value"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that changed nothing, and why."""

    code: Literal["VERSION_CONFLICT", "PATCH_FAILED", "STATE_TOO_LARGE"]
    message: str


class Document:
    """One document; version 1 is the empty one."""

    __slots__ = ("state", "version")

    def __init__(self, version: int = 1, state: dict[str, Any] | None = None) -> None:
        self.version = version
        self.state = state if state is not None else {}

    def replace(self, version: int, state: dict[str, Any]) -> Refused | None:
        """Put another document in its place; None if it was done."""
        return self._conflict(version) or self._take(state)

    def patch(
        self, version: int, operations: Sequence[dict[str, Any]]
    ) -> Refused | None:
        """Change parts (RFC 6902), all or none of them; None if it was done."""
        if conflict := self._conflict(version):
            return conflict
        found: Any = copy.deepcopy(self.state)
        for number, operation in enumerate(operations):
            wrong = _malformed(operation)
            if wrong:
                return _failed(number, wrong)
            try:
                found = jsonpatch.JsonPatch([operation]).apply(found, in_place=True)
            except (jsonpatch.JsonPatchException, JsonPointerException) as exc:
                return _failed(number, str(exc))
            except (TypeError, ValueError, KeyError, IndexError, AttributeError):
                return _failed(number, "the path leads through what has no members")
            # After each one, because copies can double the document a hundred times.
            if too_large := _too_large(found):
                return too_large
        if not isinstance(found, dict):
            return _failed(len(operations) - 1, "the document must stay an object")
        return self._take(found)

    def _conflict(self, version: int) -> Refused | None:
        if version == self.version:
            return None
        return Refused(
            "VERSION_CONFLICT",
            f"written for version {version}, the document has {self.version}",
        )

    def _take(self, state: dict[str, Any]) -> Refused | None:
        too_large = _too_large(state)
        if too_large is None:
            self.state = state
            self.version += 1
        return too_large


def _malformed(operation: dict[str, Any]) -> str | None:
    """Return what makes an operation no operation, None if it is one."""
    name = operation.get("op")
    if not isinstance(name, str) or name not in NEEDS:
        return f"op must be one of {', '.join(NEEDS)}"
    for key in NEEDS[name]:
        if key not in operation:
            return f"{name} needs {key!r}"
        if key != "value" and not isinstance(operation[key], str):
            return f"{key!r} must be a JSON Pointer"
    return None


def _failed(number: int, why: str) -> Refused:
    return Refused(
        "PATCH_FAILED",
        f"Operation {number} of the patch failed, nothing is changed: {why}"[:300],
    )


def _too_large(state: Any) -> Refused | None:
    if depth(state) > MAX_DEPTH:
        return Refused(
            "STATE_TOO_LARGE", f"The document may be nested {MAX_DEPTH} levels deep"
        )
    size = len(orjson.dumps(state))
    if size > MAX_BYTES:
        return Refused(
            "STATE_TOO_LARGE",
            f"The document would have {size} bytes, {MAX_BYTES} are allowed",
        )
    return None
