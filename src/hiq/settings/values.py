"""Kinds of values: what a setting may be, checked and converted.

A kind reads one node, returns the Python value or `UNSET` after it has said what is
wrong. Values of secrets are never quoted. It does not know which setting it reads.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from msgspec import UNSET

from hiq.errors import Problem
from hiq.settings import units
from hiq.settings.nearest import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hiq.settings.document import Node

__all__ = [
    "BOOLEAN",
    "COMMA_TEXTS",
    "DURATION",
    "HOST",
    "PATH",
    "SECRET",
    "SIZE",
    "STORE_PATH",
    "TEXT",
    "TEXTS",
    "Kind",
    "Problems",
    "choice",
    "fields",
    "got",
    "integer",
    "number",
    "say",
    "texts",
    "url",
    "url_problem",
]

Problems: TypeAlias = "list[Problem]"
Read: TypeAlias = "Callable[[Node, str, Problems], Any]"

_HOST = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[?[0-9A-Fa-f:.%]+\]?"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        name: what the documentation calls it.
        read: returns the value, or UNSET after adding to the problems.
        secret: whether it must never be shown.
    """

    name: str
    read: Read
    secret: bool = False


def say(problems: Problems, node: Node, key: str, message: str) -> Any:
    """Add a problem; returns UNSET."""
    problems.append(Problem(node.where, node.line, key, message))
    return UNSET


def fields(
    node: Node,
    key: str,
    kinds: Mapping[str, Kind],
    problems: Problems,
    *,
    null_is_unset: bool = True,
) -> dict[str, Any]:
    """Read a mapping of known keys; returns those that are set and good."""
    found: dict[str, Any] = {}
    if node.bad or node.value is None:
        return found
    if not isinstance(node.value, dict):
        say(problems, node, key, f"expected `key: value` lines, got {got(node)}")
        return found
    for name, item in node.value.items():
        path = f"{key}.{name}" if key else name
        if name not in kinds:
            hint = did_you_mean(name, kinds) or f"; known are {', '.join(kinds)}"
            say(problems, item, path, f"unknown key{hint}")
        elif item.bad or (item.value is None and null_is_unset):
            continue
        else:
            value = kinds[name].read(item, path, problems)
            if value is not UNSET:
                found[name] = value
    return found


def got(node: Node) -> str:
    """Return what stands there, as words for a message."""
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    kinds = {bool: "the boolean", int: "the number", float: "the number"}
    shown = node.raw if len(node.raw) <= 60 else node.raw[:57] + "..."
    return f"{kinds.get(type(value), 'the text')} {shown!r}"


def _text(node: Node, key: str, problems: Problems) -> Any:
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.raw  # as written: a password of digits keeps its leading zeros
    return say(problems, node, key, f"expected a text, got {got(node)}")


def _secret(node: Node, key: str, problems: Problems) -> Any:
    if node.value is None or isinstance(node.value, bool) or not node.raw:
        return say(problems, node, key, "expected a text; put it in quotes")
    return node.raw.strip()


def _boolean(node: Node, key: str, problems: Problems) -> Any:
    value = node.value
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        lowered = str(value).strip().lower()
        if lowered in {"1", "true", "yes", "on", "enable"}:
            return True
        if lowered in {"0", "false", "no", "off", "disable"}:
            return False
    return say(problems, node, key, f"expected true or false, got {got(node)}")


def _duration(node: Node, key: str, problems: Problems) -> Any:
    if not isinstance(node.value, bool | dict | list | None):
        try:
            return units.duration(node.raw)
        except ValueError:
            pass
    wanted = "expected a duration such as 250ms, 5s, 1h30m or 7d"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


def size(least: int = 0) -> Kind:
    """Return the kind of sizes in bytes that are not below `least`."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, bool | dict | list | None):
            try:
                value = units.size(node.raw)
            except ValueError:
                pass
            else:
                if value >= least:
                    return value
                wanted = f"expected at least {units.show_size(least)}"
                return say(problems, node, key, f"{wanted}, got {got(node)}")
        wanted = "expected a size such as 512KiB, 64MiB or 2GiB"
        return say(problems, node, key, f"{wanted}, got {got(node)}")

    return Kind("size", read)


def _path(node: Node, key: str, problems: Problems, *, absolute: bool = True) -> Any:
    value = _text(node, key, problems)
    if value is UNSET:
        return UNSET
    if not value.strip() or "\0" in value:
        return say(problems, node, key, "expected a path")
    try:
        path = Path(value.strip()).expanduser()
    except RuntimeError:
        return say(problems, node, key, "expected a path; nobody has this home folder")
    return str((node.folder / path).absolute() if absolute else path)


def _host(node: Node, key: str, problems: Problems) -> Any:
    value = _text(node, key, problems)
    if value is UNSET or _HOST.fullmatch(value):
        return value
    wanted = "expected a host name or an address, without scheme, port and path"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


def integer(least: int, most: int, name: str = "number") -> Kind:
    """Return the kind of whole numbers in a range, both ends included."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        value = node.value
        if isinstance(value, str) and re.fullmatch(
            r"\s*-?\d{1,19}\s*", value, re.ASCII
        ):
            value = int(value)
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and least <= value <= most
        ):
            return value
        wanted = f"expected a whole number from {least} to {most}"
        return say(problems, node, key, f"{wanted}, got {got(node)}")

    return Kind(name, read)


def number(least: float) -> Kind:
    """Return the kind of numbers that are not below a limit."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        value = node.value
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value >= least
        ):
            return float(value)
        wanted = f"expected a number not below {least:g}"
        return say(problems, node, key, f"{wanted}, got {got(node)}")

    return Kind("number", read)


def choice(*options: str, name: str = "") -> Kind:
    """Return the kind of one word out of several; case does not matter."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        value = node.raw.strip().lower() if node.value is not None else ""
        if value in options:
            return value
        hint = did_you_mean(value, options)
        return say(
            problems, node, key, f"expected {listed(options)}, got {got(node)}{hint}"
        )

    return Kind(name or listed(options), read)


def texts(
    check: Callable[[str], str | None] | None = None, item_kind: Kind | None = None
) -> Kind:
    """Return the kind of lists of texts; a single text is a list of one.

    Args:
        check: returns what is wrong with one text, or None.
        item_kind: kind of one item; TEXT unless given.
    """
    read_item = item_kind.read if item_kind else _text

    def read(node: Node, key: str, problems: Problems) -> Any:
        if node.value is None:
            return []
        items: Iterable[Node] = [node]
        if isinstance(node.value, list):
            items = node.value
        found = []
        for index, item in enumerate(items):
            path = f"{key}[{index}]" if isinstance(node.value, list) else key
            if item.bad:
                continue
            value = read_item(item, path, problems)
            if value is UNSET:
                continue
            wrong = check(value) if check else None
            if wrong:
                say(problems, item, path, f"{wrong}, got {value!r}")
            else:
                found.append(value)
        return found

    return Kind("list of texts", read)


def comma_texts() -> Kind:
    """Return the kind of lists that may also be one text with commas."""
    plain = texts()

    def read(node: Node, key: str, problems: Problems) -> Any:
        if isinstance(node.value, str):
            return tuple(filter(None, (part.strip() for part in node.value.split(","))))
        return tuple(plain.read(node, key, problems))

    return Kind(plain.name, read)


def url(*schemes: str) -> Kind:
    """Return the kind of addresses with one of these schemes."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        value = _text(node, key, problems)
        if value is UNSET:
            return UNSET
        value = value.strip()
        wrong = url_problem(value, schemes)
        if wrong:
            # The value is shown only where it can hold no password.
            shown = "" if "@" in value else f", got {value!r}"
            return say(problems, node, key, f"{wrong}{shown}")
        return value.rstrip("/")

    return Kind("address", read)


def url_problem(value: str, schemes: Iterable[str]) -> str | None:
    """Return what is wrong with an address, None if nothing is."""
    schemes = list(schemes)
    example = f"expected an address such as {schemes[0]}://host:port"
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname
    except ValueError as exc:
        return f"{example} ({exc})"
    if "://" not in value or parts.scheme not in schemes:
        return f"{example}, beginning with {listed(s + '://' for s in schemes)}"
    if parts.username is not None or parts.password is not None:
        return "a user name or password does not belong in an address; use their keys"
    if not host or not _HOST.fullmatch(host) or port == 0:
        return f"{example}; the host is not a name or an address"
    if parts.query or parts.fragment or re.search(r"\s", value):
        return f"{example}, without spaces, `?` and `#`"
    return None


TEXT = Kind("text", _text)
SECRET = Kind("secret", _secret, secret=True)
BOOLEAN = Kind("boolean", _boolean)
DURATION = Kind("duration", _duration)
SIZE = size()
PATH = Kind("path", _path)
STORE_PATH = Kind("path", partial(_path, absolute=False))
HOST = Kind("host", _host)
TEXTS = texts()
COMMA_TEXTS = comma_texts()
