"""The OpenAPI document against the routes that are served."""

from __future__ import annotations

from hiq.web.openapi import document
from hiq.web.routes import ROUTES, STATIC
from tests.web.serving import served


async def test_it_is_complete_and_open() -> None:
    """Every route but the page's files is in it; it is open off loopback too."""
    async with served(host="192.0.2.1") as web:
        status, found, headers = await web.get("/openapi.json")
        assert status == 200
        assert headers["Content-Type"].startswith("application/json")
        assert found == document("1.2.3")
        assert found["openapi"] == "3.1.0"
        routes = web.server._runner.app.router.routes()
        paths = {
            (route.method, route.resource.canonical)
            for route in routes
            if route.method != "HEAD"
        }
    assert paths - {("GET", STATIC)} == {
        (method.upper(), path)
        for path, methods in found["paths"].items()
        for method in methods
    }


def test_every_name_is_there() -> None:
    """Each reference leads to a schema, each operation has a name of its own."""
    found = document("")
    text = str(found)
    schemas = found["components"]["schemas"]
    for name in text.split("#/components/schemas/")[1:]:
        assert name.partition("'")[0] in schemas
    names = [
        operation["operationId"]
        for methods in found["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names)) == len(ROUTES)


def test_what_is_closed_says_so() -> None:
    """A route that needs a token has a security requirement, and answers 401, 403."""
    paths = document("")["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        closed = route.access != "open"
        assert ("security" in operation) == closed
        assert ({"401", "429"} <= set(operation["responses"])) == closed


def test_parameters_are_those_of_the_struct() -> None:
    """A query parameter has name, bounds and default of the struct's field."""
    operation = document("")["paths"]["/api/v1/entities"]["get"]
    found = {one["name"]: one["schema"] for one in operation["parameters"]}
    assert found["limit"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "default": 100,
    }
    assert found["search"] == {"type": "string", "maxLength": 100}
