"""Requests that are made to confuse the guard: refused, counted, never a fault."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import pytest

from hiq.clients.auth import Verifier
from hiq.clients.clocks import Clocks
from hiq.clients.counts import Throttle
from hiq.clients.denied import Denied
from hiq.clients.gate import Gate
from tests.clients.tokens import Ring
from tests.web.serving import served

STATUS = "/api/v1/status"


def gate() -> Gate:
    """A gate that has enough after three wrong tokens."""
    verifier = Verifier(Ring(), ["HS256"])
    clocks = Clocks(time.time, time.monotonic)
    return Gate("jwt", clocks, throttle=Throttle(3), verifier=verifier)


def part(text: bytes) -> bytes:
    """One part of a token."""
    return base64.urlsafe_b64encode(text).rstrip(b"=")


async def ask(url: str, *lines: bytes) -> int:
    """Return the status of a request with these lines, all headers being there."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    first = (f"GET {STATUS} HTTP/1.1".encode(), b"Host: a", b"Connection: close")
    writer.write(b"\r\n".join((*first, *lines, b"", b"")))
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert b"X-Content-Type-Options: nosniff" in answer
    return int(answer.split(b" ")[1])


BAD = {
    "algorithm": (
        b"Authorization: Bearer "
        + part(json.dumps({"alg": ["HS256"]}).encode())
        + b".e30.AAAA",
    ),
    "brackets": (
        b"Authorization: Bearer " + part(b'{"a":' + b"[" * 5000) + b".e30.AAAA",
    ),
    "bytes": (b"Authorization: Bearer \xff", b"Sec-WebSocket-Protocol: bearer.\xff"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_confusing_token_is_a_wrong_one(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is refused with 401, and too many of them with 429, without a traceback."""
    async with served(host="0.0.0.0") as hiq:
        hiq.parts.admit = gate().admit
        found = [await ask(hiq.server.url, *BAD[name]) for _ in range(4)]
    assert found == [401, 401, 401, 429]
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_fault_of_the_guard_is_answered_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer is 500 like that of any other fault; the log is not filled."""

    def fail(_shown: object) -> Denied | None:
        raise RuntimeError("broken")

    async with served(host="0.0.0.0") as hiq:
        hiq.parts.admit = fail
        for _ in range(5):
            code, body, headers = await hiq.get(STATUS)
            request_id = headers["X-Request-ID"]
            assert code == 500
            assert body == {"error": "Internal server error", "request_id": request_id}
            assert headers["X-Content-Type-Options"] == "nosniff"
        assert hiq.traffic.active == 0
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_line_that_a_proxy_appends_counts() -> None:
    """What the client sent before does not hide the address that the proxy saw."""
    async with served(host="0.0.0.0", trusted_proxies=("127.0.0.1",)) as hiq:
        hiq.parts.admit = gate().admit
        found = [
            await ask(
                hiq.server.url,
                b"X-Forwarded-For: 192.0.2.%d" % number,
                b"X-Forwarded-For: 203.0.113.7",
                b"Authorization: Bearer a.b.c",
            )
            for number in range(4)
        ]
    assert found == [401, 401, 401, 429]
