"""The bare broadcast: what comes from one socket goes to all others, by aiohttp.

    python -m benchmarks.broadcaster SOURCE_URL PORT

No numbers, no queues, no acks, no sessions, nothing on the disk: each message is put
into an envelope of the size of hiq's, and sent to one client after the other.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import ClientSession, WSMsgType, web

HEAD = (
    '{"type":"event","ts":"2026-11-26T14:00:00.000000Z","seq":1000,'
    '"event_id":"e_0123456789abcdef00000000","subs":["1"],"redelivered":false,'
    '"validation":{"result":"valid","codes":[]},"event":'
)


async def serve(source: str, port: int) -> None:
    """Broadcast until the source hangs up."""
    clients: set[web.WebSocketResponse] = set()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        clients.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            clients.discard(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with (
        ClientSession() as session,
        session.ws_connect(source, max_msg_size=1 << 26) as socket,
    ):
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                text = f"{HEAD}{message.data}}}"
                for client in tuple(clients):
                    await client.send_str(text)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
