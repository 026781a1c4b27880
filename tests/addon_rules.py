"""What Home Assistant's Supervisor asks of an app's config.yaml, in words of our own.

As of November 2026, from its documentation for developers. Only what this app could
get wrong is here; a key that is not is refused, so that a new one is looked up first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

REQUIRED = ("name", "version", "slug", "description", "arch")
ARCHITECTURES = {"amd64", "aarch64"}
FOLDERS = {
    *("homeassistant_config", "addon_config", "all_addon_configs", "ssl", "share"),
    *("addons", "backup", "media", "data"),
}
OPTION = re.compile(
    r"(str(\(\d*,\d*\))?|password(\(\d*,\d*\))?|email|url|port|bool"
    r"|(int|float)(\(-?[\d.]*,-?[\d.]*\))?|match\(.+\)|list\([^|)]+(\|[^|)]+)*\)"
    r"|device(\(.*\))?)\??"
)
WATCHDOG = re.compile(r"(https?|tcp|\[PROTO:\w+\])://\[HOST\]:(\[PORT:\d+\]|\d+)(/.*)?")


def _one_of(*choices: Any) -> Callable[[Any], bool]:
    return lambda value: value in choices


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind


def _folder(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("type") in FOLDERS
        and isinstance(entry.get("read_only", True), bool)
        and entry.keys() <= {"type", "read_only", "path"}
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


RULES: dict[str, Callable[[Any], bool]] = {
    "name": _text,
    "version": _text,
    "slug": lambda v: _text(v) and bool(re.fullmatch(r"[-_.A-Za-z0-9]+", v)),
    "description": _text,
    "arch": lambda v: bool(v) and isinstance(v, list) and set(v) <= ARCHITECTURES,
    "url": _text,
    "image": lambda v: _text(v) and "://" not in v,
    "init": _is(bool),
    "startup": _one_of("initialize", "system", "services", "application", "once"),
    "boot": _one_of("auto", "manual", "manual_only"),
    "stage": _one_of("stable", "experimental", "deprecated"),
    "timeout": lambda v: type(v) is int and 10 <= v <= 300,
    "homeassistant": lambda v: (
        _text(v) and bool(re.fullmatch(r"20\d\d\.\d+(\.\d+)?", v))
    ),
    "homeassistant_api": _is(bool),
    "ingress": _is(bool),
    "ingress_port": lambda v: type(v) is int and 0 <= v <= 65535,
    "ingress_stream": _is(bool),
    "panel_icon": lambda v: _text(v) and bool(re.fullmatch(r"mdi:[a-z0-9-]+", v)),
    "panel_title": _text,
    "panel_admin": _is(bool),
    "watchdog": lambda v: _text(v) and bool(WATCHDOG.fullmatch(v)),
    "map": lambda v: isinstance(v, list) and all(map(_folder, v)),
    "backup": _one_of("hot", "cold"),
    "backup_exclude": lambda v: isinstance(v, list) and all(map(_text, v)),
    "options": _is(dict),
    "schema": _is(dict),
}


def problems(config: dict[str, Any]) -> Iterator[str]:
    """Yield what the Supervisor would not take."""
    yield from (f"{key}: missing" for key in REQUIRED if key not in config)
    for key, value in config.items():
        if key not in RULES:
            yield f"{key}: not a key that is known here"
        elif not RULES[key](value):
            yield f"{key}: bad value {value!r}"
    yield from _options(config.get("options", {}), config.get("schema", {}))


def _options(options: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Every default has a rule and keeps to it; what has none may be left out."""
    for key in options.keys() - schema.keys():
        yield f"options.{key}: not in the schema"
    for key, rule in schema.items():
        if not isinstance(rule, str) or not OPTION.fullmatch(rule):
            yield f"schema.{key}: bad rule {rule!r}"
        elif key not in options and not rule.endswith("?"):
            yield f"schema.{key}: neither a default nor optional"
        elif key in options and not _fits(options[key], rule):
            yield f"options.{key}: {options[key]!r} is no {rule}"


def _fits(value: Any, rule: str) -> bool:
    kind = rule.rstrip("?")
    if kind == "bool":
        return isinstance(value, bool)
    if kind.startswith("list("):
        return value in kind[5:-1].split("|")
    if kind.startswith("match("):
        return bool(re.fullmatch(kind[6:-1], str(value)))
    return isinstance(value, int if kind.startswith(("int", "port")) else str)
