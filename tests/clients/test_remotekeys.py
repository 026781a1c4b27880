"""A key set at an address: fetched over TLS, kept, and in force while nobody answers."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from hiq.clients.auth import Verifier
from hiq.clients.denied import Denied
from hiq.clients.keys import KeyRing
from hiq.clients.principal import Principal
from hiq.clients.remotekeys import CACHE, FetchedKeys
from hiq.settings.schema import SecuritySettings
from tests.clients.serving import hiq_serve
from tests.clients.tokens import NOW, token

SETTINGS = SecuritySettings(algorithms=("RS256",))
FIRST = rsa.generate_private_key(65537, 2048)
SECOND = rsa.generate_private_key(65537, 2048)


def published(**keys: rsa.RSAPrivateKey) -> bytes:
    """A key set of these."""
    found = [
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": name}
        for name, key in keys.items()
    ]
    return json.dumps({"keys": found}).encode()


def signed(key: rsa.RSAPrivateKey, name: str, now_s: float = NOW) -> str:
    """A good token that names its key."""
    claims = {"sub": "alice", "exp": int(now_s) + 600}
    return jwt.encode(claims, key, "RS256", headers={"kid": name})


class Publisher:
    """A server of one key set, or of something else."""

    def __init__(self) -> None:
        self.body = published(one=FIRST)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.url = ""

    async def answer(self, _request: web.Request) -> web.Response:
        """Answer."""
        self.asked += 1
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@asynccontextmanager
async def publisher(tls: ssl.SSLContext | None = None) -> AsyncIterator[Publisher]:
    """Serve until the end of the block."""
    it = Publisher()
    app = web.Application()
    app.router.add_get("/keys", it.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    it.url = f"{'https' if tls else 'http'}://localhost:{port}/keys"
    try:
        yield it
    finally:
        await runner.cleanup()


def fetched(url: str, folder: Path, **options: Any) -> FetchedKeys:
    """What fetches from there, with what an earlier run left."""
    options.setdefault("ca_cert", None)
    keys = FetchedKeys(
        url, folder / CACHE, refresh_s=600.0, wall=lambda: NOW, **options
    )
    keys.load()
    return keys


def verifier(keys: FetchedKeys, folder: Path) -> Verifier:
    """What judges tokens by them."""
    return Verifier(KeyRing(SETTINGS, folder, keys), SETTINGS.algorithms)


async def test_fetched_over_verified_tls_and_kept(
    tmp_path: Path, certificate: tuple[str, ssl.SSLContext]
) -> None:
    """A key set verifies, and does so after a restart while nobody answers."""
    authority, tls = certificate
    async with publisher(tls) as it:
        keys = fetched(it.url, tmp_path, ca_cert=authority)
        judge = verifier(keys, tmp_path)
        assert judge.verify(signed(FIRST, "one"), NOW) == Denied("AUTH_SERVICE_ERROR")
        assert await keys.fetch()
        assert isinstance(judge.verify(signed(FIRST, "one"), NOW), Principal)
        assert keys.good_at_s == NOW
        url = it.url
    assert not await keys.fetch()
    assert keys.failures == 1
    again = verifier(fetched(url, tmp_path), tmp_path)
    assert isinstance(again.verify(signed(FIRST, "one"), NOW), Principal)


async def test_a_stranger_with_a_certificate_of_his_own_gives_no_keys(
    tmp_path: Path, certificate: tuple[str, ssl.SSLContext]
) -> None:
    """Without the authority the server is not believed."""
    async with publisher(certificate[1]) as it:
        keys = fetched(it.url, tmp_path)
        assert not await keys.fetch()
        assert "certificate" in (keys.last_error or "").lower()
        assert it.asked == 0
    assert not (tmp_path / CACHE).exists()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (302, published(one=SECOND)),
        (200, b"<html>"),
        (200, b'{"keys":[]}'),
        (200, b"\xff\xfe"),
        (200, b'{"keys":[' + b" " * 1_100_000 + b"]}"),
    ],
)
async def test_what_is_no_key_set_changes_nothing(
    tmp_path: Path, status: int, body: bytes
) -> None:
    """Errors, redirects, pages and floods leave the last good set in force."""
    async with publisher() as it:
        keys = fetched(it.url, tmp_path)
        assert await keys.fetch()
        it.status, it.body, it.headers = status, body, {"Location": it.url}
        assert not await keys.fetch()
        assert it.asked == 2
    assert isinstance(
        verifier(keys, tmp_path).verify(signed(FIRST, "one"), NOW), Principal
    )
    assert (tmp_path / CACHE).read_bytes() == published(one=FIRST)


async def test_a_damaged_cache_is_no_key(tmp_path: Path) -> None:
    """What was kept and is damaged is told, and nothing is in force."""
    (tmp_path / CACHE).write_text("{")
    keys = fetched("http://localhost:9/keys", tmp_path)
    assert not keys.keys


async def test_an_unknown_key_makes_it_look_again_but_not_at_once(
    tmp_path: Path,
) -> None:
    """After a change of keys a token of the new one is good with the next fetch."""
    waits: list[float] = []
    fetches = asyncio.Event()

    async def pause(event: asyncio.Event, seconds: float) -> bool:
        waits.append(seconds)
        fetches.set()
        await event.wait() if seconds > 60 else await asyncio.sleep(0)
        return True

    async with publisher() as it:
        keys = fetched(it.url, tmp_path, pause=pause)
        judge = verifier(keys, tmp_path)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keys.run())
            while len(waits) < 2:
                await fetches.wait()
                fetches.clear()
            it.body = published(two=SECOND)
            denied = judge.verify(signed(SECOND, "two"), NOW)
            assert denied == Denied("VALIDATION_FAILED", "key")
            while len(waits) < 4:
                await fetches.wait()
                fetches.clear()
            task.cancel()
    assert isinstance(judge.verify(signed(SECOND, "two"), NOW), Principal)
    assert isinstance(judge.verify(token(SECOND, "RS256"), NOW), Principal)
    assert waits == [30.0, 570.0, 30.0, 570.0]
    assert it.asked == 2


async def test_the_service_serves_when_keys_come(tmp_path: Path) -> None:
    """503 while there is no key, 101 as soon as the set is there; health says which."""
    async with publisher() as it:
        it.status = 500
        security = f"algorithms: [RS256], jwks_url: {it.url}"
        async with hiq_serve(tmp_path, security=security) as hiq:
            header = {"Authorization": f"Bearer {signed(FIRST, 'one', time.time())}"}
            status, body = await hiq.refusal(headers=header)
            assert (status, body["error_code"]) == (503, "AUTH_SERVICE_ERROR")
            assert body["retry_allowed"] is True
            assert (await hiq.health())["auth"]["status"] == "no_keys"
            it.status = 200
            await hiq.until("keys", lambda h: h["auth"]["status"] == "ok")
            async with hiq.open(headers=header) as socket:
                assert json.loads(await socket.recv())["user"] == "alice"
            auth = (await hiq.health())["auth"]
            assert auth["failures"] == {"AUTH_SERVICE_ERROR": 1}
            assert auth["jwks_last_ok"].endswith("Z")
            assert auth["key_age_s"] < 60


ODD = [b"[]", b"null", b'"keys"', b"7", b'{"keys": [1]}', b"[" * 100_000]


@pytest.mark.parametrize("body", ODD, ids=["list", "null", "text", "number", "1", "["])
async def test_an_answer_that_is_no_key_set_is_a_failure(
    tmp_path: Path, body: bytes
) -> None:
    """JSON of another shape is a failed fetch as well; so is what was kept of it."""
    async with publisher() as it:
        keys = fetched(it.url, tmp_path)
        judge = verifier(keys, tmp_path)
        assert await keys.fetch()
        it.body = body
        assert not await keys.fetch()
        assert keys.failures == 1
        assert keys.last_error
        assert isinstance(judge.verify(signed(FIRST, "one"), NOW), Principal)
    (tmp_path / CACHE).write_bytes(body)
    assert fetched(it.url, tmp_path).keys == {}
