"""Requests through Home Assistant's ingress: its proxy is believed, nobody else is."""

from __future__ import annotations

import time

import pytest

from hiq.clients.clocks import Clocks
from hiq.clients.counts import Throttle
from hiq.clients.gate import Gate
from tests.web.serving import Served, served

STATUS = "/api/v1/status"
PEER = "127.0.0.1"  # of every request here
PANEL = {"Origin": "https://ha.lan", "X-Forwarded-Host": "ha.lan"}


def behind(hiq: Served, supervisor: str, mode: str = "ingress") -> None:
    """Admit as the service does."""
    gate = Gate(
        mode,  # type: ignore[arg-type]
        Clocks(time.time, time.monotonic),
        throttle=Throttle(10),
        ingress_address=supervisor,
    )
    hiq.parts.admit = gate.admit
    hiq.parts.of_ingress = gate.of_ingress


async def test_the_panel_may_ask_over_https_too() -> None:
    """The page's origin is that of Home Assistant, which the proxy names."""
    async with served(host="0.0.0.0", auth="ingress") as hiq:
        behind(hiq, PEER)
        assert (await hiq.get(STATUS))[0] == 200
        assert (await hiq.get(STATUS, **PANEL))[0] == 200
        evil = {**PANEL, "Origin": "https://evil.example"}
        assert (await hiq.get(STATUS, **evil))[0] == 403
        nameless = {"Origin": "https://ha.lan"}
        assert (await hiq.get(STATUS, **nameless))[0] == 403


@pytest.mark.parametrize("claim", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
async def test_no_header_makes_anybody_the_supervisor(claim: str) -> None:
    """Also one that comes over a trusted proxy; only the peer of the connection counts."""
    headers = {claim: "172.30.32.2", "X-Remote-User-Id": "anna", **PANEL}
    async with served(host="0.0.0.0", auth="ingress", trusted_proxies=(PEER,)) as hiq:
        behind(hiq, "172.30.32.2")
        code, body, _ = await hiq.get(STATUS, **headers)
        assert (code, body["error_code"]) == (401, "VALIDATION_FAILED")


@pytest.mark.parametrize("mode", ["none", "jwt"])
async def test_without_the_setting_the_proxy_is_nobody(mode: str) -> None:
    """Its headers open nothing and excuse no foreign origin."""
    async with served(auth="auto") as hiq:
        behind(hiq, PEER, mode)
        assert (await hiq.get(STATUS, **PANEL))[0] == 403
