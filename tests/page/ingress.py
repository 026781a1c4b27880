"""A proxy as the Supervisor's: it strips a base path, names it in a header, passes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

__all__ = ["BASE", "ingress"]

BASE = "/api/hassio_ingress/aVeryLongTokenOfTheSession"
PANEL = "/panel"
DROPPED = {"Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection"}


@asynccontextmanager
async def ingress(target: str) -> AsyncIterator[str]:
    """Serve `target` below BASE of a free port, and a page with it in a frame."""

    async def passed(request: web.Request) -> web.Response:
        url = target + "/" + request.match_info["path"]
        headers = {
            "Accept": request.headers.get("Accept", "*/*"),
            "X-Ingress-Path": BASE,
        }
        async with session.get(
            url, params=request.query, headers=headers, allow_redirects=False
        ) as answer:
            kept = [(k, v) for k, v in answer.headers.items() if k not in DROPPED]
            return web.Response(
                body=await answer.read(), status=answer.status, headers=kept
            )

    async def panel(_request: web.Request) -> web.Response:
        text = f'<!doctype html><title>panel</title><iframe src="{BASE}/"></iframe>'
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get(BASE + "/{path:.*}", passed)
    app.router.add_get(PANEL, panel)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()
