"""The OpenAPI document against the routes that are served."""

from __future__ import annotations

from hiq.web.openapi import document
from tests.web.serving import served


async def test_it_names_what_is_served() -> None:
    """Each path of the document answers, with a status that it names."""
    async with served() as web:
        status, found, headers = await web.get("/openapi.json")
        assert status == 200
        assert headers["Content-Type"].startswith("application/json")
        assert found == document("1.2.3")
        assert found["openapi"] == "3.1.0"
        for path, methods in found["paths"].items():
            status, _, headers = await web.get(path)
            answer = methods["get"]["responses"][str(status)]
            assert headers["Content-Type"].partition(";")[0] in answer["content"]


async def test_it_is_complete_and_open() -> None:
    """Every route but the page's files is in it; it is open off loopback too."""
    async with served(host="192.0.2.1") as web:
        assert (await web.get("/openapi.json"))[0] == 200
        router = web.server._runner.app.router
        paths = {resource.canonical for resource in router.resources()}
    assert paths - {"/static/{name}"} == set(document("")["paths"])
