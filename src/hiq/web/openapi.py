"""The OpenAPI 3.1 document, made from the table of routes and their structs.

Nothing is described twice: a route that is not in the table is not served, and a
schema is what the encoder writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.json import schema_components

from hiq.web.routes import JSON, ROUTES, Answer
from hiq.web.types.errors import Fault, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.web.routes import Route

__all__ = ["document"]

REF = "#/components/schemas/{name}"
REQUEST_ID = {
    "description": "Yours, if it is one; else made here.",
    "schema": {"type": "string"},
}
PROCESS_TIME = {"description": "Seconds.", "schema": {"type": "string"}}
HEADERS = {"X-Request-ID": REQUEST_ID, "X-Process-Time": PROCESS_TIME}
ALWAYS = (
    Answer(400, "No HTTP that is understood.", Refusal),
    Answer(403, "The Host header does not name this machine.", Refusal),
    Answer(413, "The body is too large.", Refusal),
    Answer(500, "A fault of hiq; it is in the log under this id.", Fault),
    Answer(503, "The answer took too long.", Refusal),
)
GUARDED = (
    Answer(401, "Not without a token here.", Refusal),
    Answer(403, "A foreign host or origin, or the token's scope.", Refusal),
    Answer(429, "Too many requests from this address.", Refusal),
)


def document(version: str) -> dict[str, Any]:
    """Return the OpenAPI document; `version` is that of hiq."""
    found = {body for route in ROUTES for body in _bodies(route)}
    bodies = sorted(found, key=lambda body: getattr(body, "__name__", str(body)))
    schemas, components = schema_components(bodies, ref_template=REF)
    schema_of = dict(zip(bodies, schemas, strict=True))
    queries = {route.query.__name__ for route in ROUTES if route.query is not None}
    for name, component in components.items():
        if name not in queries:
            _require(component)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        operation = _operation(route, schema_of, components)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hiq",
            "version": version,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _require(component: dict[str, Any]) -> None:
    """Require what has a default: the encoder always writes it."""
    properties = component.get("properties", {})
    present = [name for name, field in properties.items() if "default" in field]
    component["required"] = sorted({*component.get("required", ()), *present})


def _answers(route: Route) -> Iterator[Answer]:
    yield from route.answers
    yield from ALWAYS
    if route.access != "open":
        yield from GUARDED


def _bodies(route: Route) -> Iterator[Any]:
    yield from (answer.body for answer in _answers(route) if answer.body is not None)
    yield from route.socket
    if route.query is not None:
        yield route.query


def _operation(
    route: Route, schema_of: dict[Any, Any], components: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.path.strip("/").replace("/", "_") or "root",
        "summary": route.summary,
        "responses": _responses(route, schema_of),
    }
    if route.query is not None:
        operation["parameters"] = _parameters(components[route.query.__name__])
    if route.access != "open":
        # The empty one: where authentication is off, see http.auth.
        operation["security"] = [{"bearer": [route.access]}, {}]
    if route.socket:
        operation["x-frames"] = [schema_of[frame] for frame in route.socket]
    return operation


def _responses(route: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for answer in _answers(route):
        known = found.setdefault(
            str(answer.status), {"description": "", "headers": HEADERS, "content": {}}
        )
        known["description"] = f"{known['description']} {answer.text}".strip()
        if answer.body is None and answer.content_type == JSON:
            continue
        schema = {} if answer.body is None else schema_of[answer.body]
        content = known["content"].setdefault(answer.content_type, {"schema": schema})
        if content["schema"] != schema:
            choices = content["schema"].get("anyOf", [content["schema"]])
            content["schema"] = {"anyOf": [*choices, schema]}
    return found


def _parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a query struct; without the None that means absent."""
    found = []
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        one = {key: value for key, value in field.items() if key != "anyOf"}
        for choice in field.get("anyOf", ()):
            if choice != {"type": "null"}:
                one.update(choice)
        if one.get("default", "") is None:
            del one["default"]
        is_required = name in required
        found.append(
            {"name": name, "in": "query", "required": is_required, "schema": one}
        )
    return found
