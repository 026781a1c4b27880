# ruff: noqa: INP001  a script that lies beside its pages
"""The parts of the page on HTTP that are made from the table of routes.

Routes with their answers, and the keys of each document with their types: the same
structs that the encoder and /openapi.json use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiq.web.openapi import document
from hiq.web.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ACCESS = {"open": "everyone", "read": "`read`", "control": "`control`"}


def routes(table: Callable[..., str]) -> str:
    """Return the table of routes."""
    return table(
        ("route", "who", "what", "answers"),
        (
            (
                f"`{route.method} {route.path}`",
                ACCESS[route.access],
                route.summary,
                "; ".join(
                    f"{answer.status} {_name(answer.body)}{answer.text}"
                    for answer in route.answers
                ),
            )
            for route in ROUTES
        ),
    )


def keys(table: Callable[..., str]) -> str:
    """Return a table of all documents with their keys."""
    components = document("")["components"]["schemas"]
    return table(
        ("document", "meaning", "keys"),
        (
            (
                f"`{name}`",
                " ".join(schema.get("description", "").split()),
                ", ".join(_keys(schema)),
            )
            for name, schema in sorted(components.items())
        ),
    )


def _keys(schema: dict[str, Any]) -> Iterable[str]:
    required = set(schema.get("required", ()))
    for name, kind in schema.get("properties", {}).items():
        mark = "" if name in required else "?"
        yield f"`{name}`{mark} {_kind(kind)}"


def _kind(kind: dict[str, Any]) -> str:
    """Return a type in a word or two."""
    if "anyOf" in kind:
        return " or ".join(dict.fromkeys(map(_kind, kind["anyOf"])))
    if "$ref" in kind:
        return f"`{kind['$ref']}`"
    if "const" in kind:
        return f"`{kind['const']}`"
    if "enum" in kind:
        return " or ".join(f"`{choice}`" for choice in kind["enum"])
    if kind.get("format") == "date-time":
        return "time"
    if kind.get("type") == "array":
        return f"[{_kind(kind.get('items', {}))}]"
    if kind.get("type") == "object" and "additionalProperties" in kind:
        inner = kind["additionalProperties"]
        return f"{{name: {_kind(inner) if isinstance(inner, dict) else 'any'}}}"
    return {
        "string": "text",
        "integer": "whole number",
        "boolean": "true or false",
    }.get(kind.get("type", "any"), str(kind.get("type", "any")))


def _name(body: Any) -> str:
    return f"`{body.__name__}`: " if hasattr(body, "__struct_fields__") else ""
