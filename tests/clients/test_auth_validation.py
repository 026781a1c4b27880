"""Tokens over the wire: good and bad ones, bypasses, origins, counts, throttling."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from hiq.web.routes import ROUTES
from tests.clients.serving import Hiq, Tab, hiq_serve, shared, tab
from tests.clients.test_auth import NONE_TOKEN, OTHER
from tests.clients.tokens import token
from tests.servers.process import http_request

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared(
    "connections_per_user: 100, connections_per_address: 100",
    "auth_failures: 100000",
)


def at(seconds: float) -> int:
    """Unix seconds from now."""
    return int(time.time() + seconds)


def bad() -> dict[str, tuple[dict[str, Any], int, str]]:
    """Return ways to be refused: options, status, code."""
    now = time.time()

    def bearer(text: str) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {text}"}}

    good = token(now=now)
    return {
        "none": ({"headers": {}}, 401, "NO_TOKEN"),
        "in the address": (
            {"headers": {}, "path": f"/ws?token={good}"},
            401,
            "TOKEN_IN_QUERY",
        ),
        "malformed": (bearer("nonsense"), 401, "INVALID_FORMAT"),
        "the word valid": (bearer("valid-token"), 401, "INVALID_FORMAT"),
        "basic": ({"headers": {"Authorization": "Basic eA=="}}, 401, "INVALID_FORMAT"),
        "two different": (
            {
                "headers": {"Authorization": f"Bearer {good}"},
                "subprotocols": ["hiq.v1", "bearer.x.y.z"],
            },
            401,
            "INVALID_FORMAT",
        ),
        "expired": (bearer(token(exp=at(-3600))), 401, "TOKEN_EXPIRED"),
        "wrong key": (bearer(token(OTHER, now=now)), 401, "VALIDATION_FAILED"),
        "alg none": (bearer(NONE_TOKEN), 401, "VALIDATION_FAILED"),
        "alg HS512": (
            bearer(token(OTHER * 2, "HS512", now=now)),
            401,
            "VALIDATION_FAILED",
        ),
        "no exp": (bearer(token(exp=None)), 401, "VALIDATION_FAILED"),
        "not yet": (bearer(token(now=now, nbf=at(60))), 401, "VALIDATION_FAILED"),
        "no sub": (bearer(token(now=now, sub=None)), 401, "MISSING_USER_ID"),
        "empty sub": (bearer(token(now=now, sub="")), 401, "MISSING_USER_ID"),
        "scope": (bearer(token(now=now, scope=7)), 401, "VALIDATION_FAILED"),
        "foreign origin": (
            {
                "headers": {
                    "Authorization": f"Bearer {good}",
                    "Origin": "https://evil.example",
                }
            },
            403,
            "ORIGIN_FORBIDDEN",
        ),
    }


@pytest.mark.parametrize("case", bad())
async def test_each_bad_handshake_is_refused_with_its_code(hiq: Hiq, case: str) -> None:
    """Before the upgrade, in both dialects; nothing is accepted."""
    options, status, code = bad()[case]
    before = (await hiq.health())["clients"].get("accepted", 0)
    for protocol in ("hiq.v1", None):
        found, body = await hiq.refusal(**{"protocol": protocol, **options})
        assert (found, body["error_code"]) == (status, code)
        assert len(body["message"]) > 20
        assert isinstance(body["retry_allowed"], bool)
    assert (await hiq.health())["clients"].get("accepted", 0) == before


BYPASSES = [
    {"X-Test": "true"},
    {"X-E2E": "1"},
    {"DEMO_MODE": "1", "E2E_TESTING": "1", "PYTEST_RUNNING": "1"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    {"X-Remote-User-Id": "admin", "X-Ingress-Path": "/"},
    {"Host": "localhost", "X-HTTP-Method-Override": "GET"},
]


@pytest.mark.parametrize("headers", BYPASSES, ids="-".join)
async def test_no_header_is_a_bypass(hiq: Hiq, headers: dict[str, str]) -> None:
    """Neither /ws nor /api opens for anything but a token."""
    extra = {name: value for name, value in headers.items() if name != "Host"}
    status, body = await hiq.refusal(headers=extra)
    assert (status, body["error_code"]) == (401, "NO_TOKEN")
    status, _ = await asyncio.to_thread(ask_api, hiq, extra)
    assert status == 401


def ask_api(
    hiq: Hiq, headers: dict[str, str], path: str = "/api/v1/gaps"
) -> tuple[int, bytes]:
    """Ask a closed route."""
    return http_request(f"{hiq.url}{path}", timeout=5, headers=headers)


async def test_no_name_in_the_environment_is_a_bypass(tmp_path: Path) -> None:
    """A service that was started with the names of test modes asks all the same."""
    async with hiq_serve(tmp_path) as first:
        first.kill()
        first._environment = {
            **first._environment,
            "DEMO_MODE": "1", "E2E_TESTING": "1", "PYTEST_RUNNING": "1", "TESTING": "true",
        }  # fmt: skip
        await asyncio.to_thread(first.start)
        assert (await first.refusal(headers={}))[1]["error_code"] == "NO_TOKEN"
        # And the counts are exactly those of this one's handshakes.
        for _ in range(3):
            async with tab(first):
                pass
        await first.refusal(headers={"Authorization": "Bearer x"})
        auth = (await first.health())["auth"]
        assert (auth["attempts"], auth["successes"]) == (5, 3)
        assert auth["failures"] == {"NO_TOKEN": 1, "INVALID_FORMAT": 1}
        assert auth["success_rate"] == 0.6


async def test_the_api_takes_the_same_tokens(hiq: Hiq) -> None:
    """Read with `read`, nothing without; the code says why."""
    status, _ = await asyncio.to_thread(ask_api, hiq, hiq.bearer(scope="read"))
    assert status == 200
    status, body = await asyncio.to_thread(ask_api, hiq, hiq.bearer(scope="alerts"))
    assert status == 403
    assert b"FORBIDDEN" in body


@pytest.mark.parametrize(
    "narrow", [{"entities": ["light.*"]}, {"event_types": ["state_changed"]}]
)
async def test_a_narrowed_token_does_not_see_all(hiq: Hiq, narrow: Any) -> None:
    """Routes that show every entity are closed to who may see some; others are not."""
    token = hiq.bearer(scope="read", **narrow)
    for route in ROUTES:
        if route.shows_all and not route.socket:
            status, body = await asyncio.to_thread(ask_api, hiq, token, route.path)
            assert (status, b"FORBIDDEN" in body) == (403, True), route.path
    assert (await asyncio.to_thread(ask_api, hiq, token))[0] == 200


async def test_an_hour_then_two(hiq: Hiq) -> None:
    """Long tokens are good, and the welcome says until when."""
    for minutes in (60, 120):
        headers = hiq.bearer(exp=at(minutes * 60))
        async with tab(hiq, headers=headers) as client:
            assert client.welcome["expires_at"].endswith("Z")


async def test_fifty_at_once(hiq: Hiq) -> None:
    """Fifty concurrent handshakes are all served."""

    async def one(number: int) -> str:
        async with tab(hiq, f"user{number % 5}") as client:
            return client.welcome["user"]

    users = await asyncio.gather(*(one(number) for number in range(50)))
    assert len(users) == 50
    await hiq.alone()


async def test_refresh_or_the_end(hiq: Hiq) -> None:
    """A warning, then a refresh that goes on; without one 4401, and resume loses nothing."""
    short = {"exp": at(3)}
    async with tab(hiq, "short", headers=hiq.bearer("short", **short)) as kept:
        async with hiq.open("short", headers=hiq.bearer("short", **short)) as socket:
            lost = await Tab(socket).greet()
            assert (await lost.wait_for("auth_expiring"))["seconds_left"] <= 15
            await kept.wait_for("auth_expiring")
            await kept.tell("auth_refresh", id=1, token=hiq.token("other"))
            assert (await kept.next())["code"] == "FORBIDDEN"
            await kept.tell("auth_refresh", id=2, token=hiq.token("short"))
            assert (await kept.next())["ok"] is True
            await lost.subscribe(domains=["light"])
            with pytest.raises(AssertionError, match="TOKEN_EXPIRED"):
                await lost.wait_for("never")
            await socket.wait_closed()
            assert socket.close_code == 4401
        hiq.home.set("light.a", "on", {})
        async with tab(hiq, "short") as back:
            await back.tell("resume", session=lost.welcome["session"], last_seq=0)
            assert (await back.events(1))[0]["seq"] == 1
        assert (await kept.ask("ping"))["type"] == "pong"


async def test_who_fails_too_often_waits_and_nobody_else(tmp_path: Path) -> None:
    """A good one from another address does not wait until a thousand bad ones end."""
    async with hiq_serve(tmp_path) as it:
        codes = []

        async def attack() -> None:
            for _ in range(1000):
                headers = {"Authorization": "Bearer x"}
                _status, body = await it.refusal(
                    headers=headers, local_addr=("127.0.0.2", 0)
                )
                codes.append(body["error_code"])

        async with asyncio.TaskGroup() as group:
            group.create_task(attack())
            while len(codes) < 50:
                await asyncio.sleep(0.01)
            assert (await it.refusal(local_addr=("127.0.0.2", 0)))[0] == 429
            async with tab(it):
                assert len(codes) < 1000, "it waited until the attack was over"
        assert codes[:10] == ["INVALID_FORMAT"] * 10
        assert codes.count("AUTH_THROTTLED") >= 900


@pytest.mark.parametrize("path", ["/ws", "/ws/status"])
async def test_the_very_first_client_leaves_no_token_in_the_log(
    tmp_path: Path, path: str
) -> None:
    """Neither is its token told in the library's words about subprotocols."""
    async with hiq_serve(tmp_path) as it:
        secret = it.token()
        offers = [f"bearer.{secret}"]
        async with it.open(headers={}, subprotocols=offers, path=path) as socket:
            await socket.recv()
        assert secret not in it.log_tail(100_000)


async def test_the_supervisor_says_who_it_is(tmp_path: Path) -> None:
    """Behind ingress the proxy names the user; nobody else can, and no token helps."""
    async with hiq_serve(
        tmp_path, security="ingress_address: 127.0.0.1", auth="ingress"
    ) as it:
        user = {"X-Remote-User-Id": "anna"}
        page = {"Origin": "https://ha.lan", "X-Forwarded-Host": "ha.lan"}
        async with tab(it, headers={**user, **page}) as client:
            assert client.welcome["user"] == "anna"
            assert client.welcome["expires_at"] is None
        evil = {**user, **page, "Origin": "https://evil.example"}
        assert (await it.refusal(headers=evil))[1]["error_code"] == "ORIGIN_FORBIDDEN"
        assert (await it.refusal(headers={}))[1]["error_code"] == "MISSING_USER_ID"
        for headers in (user, {**user, **page}, it.bearer()):
            status, body = await it.refusal(
                headers=headers, local_addr=("127.0.0.2", 0)
            )
            assert status in {401, 403}
            assert body["error_code"] in {"VALIDATION_FAILED", "ORIGIN_FORBIDDEN"}


async def test_on_a_loopback_address_nobody_is_asked(tmp_path: Path) -> None:
    """Everybody is `local`, but a page of another site is not."""
    async with hiq_serve(tmp_path, auth="none") as it:
        async with tab(it, headers={}) as client:
            assert client.welcome["user"] == "local"
        evil = {"Origin": "https://evil.example"}
        assert (await it.refusal(headers=evil))[1]["error_code"] == "ORIGIN_FORBIDDEN"
