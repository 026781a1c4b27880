"""Fixtures that every test may ask for: real servers, and a simulated home.

A program that is missing skips the test; where the variable CI is set it fails it.
"""

from __future__ import annotations

import gc
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hypothesis
import pytest
import pytest_asyncio

from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.home_assistant import HomeAssistant
from tests.servers.home_assistant.environments import environment
from tests.servers.process import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from hiq.simulate.server import Simulator

# The machines are shared and noisy: no example has a deadline. `trace` is for builds
# of the core with line tracing, which are many times slower.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("trace", deadline=None, max_examples=20)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

S = TypeVar("S", bound=Server)


@pytest.fixture(scope="module", autouse=True)
def _leaks_show_where_they_are() -> Iterator[None]:
    """Let what a module's tests have left open be found at its end, not in another.

    Python warns of it, which fails a test, when it collects its garbage.
    """
    yield
    gc.collect()


def lend(server: S) -> Iterator[S]:
    """Start, lend, kill: what a test leaves behind is not worth a slow end."""
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[InfluxDB]:
    """Give a fresh InfluxDB 1.x with an empty database `hiq`."""
    yield from lend(InfluxDB(tmp_path / "influxdb"))


@pytest.fixture
def victoriametrics(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    """Give a fresh VictoriaMetrics."""
    yield from lend(VictoriaMetrics(tmp_path / "victoria-metrics"))


@pytest.fixture(scope="session")
def _home_assistant_2024(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[HomeAssistant]:
    venv = environment("2024.3")
    yield from lend(HomeAssistant(venv, tmp_path_factory.mktemp("ha-2024.3")))


@pytest.fixture(scope="session")
def _home_assistant_2025(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[HomeAssistant]:
    venv = environment("2025.4")
    yield from lend(HomeAssistant(venv, tmp_path_factory.mktemp("ha-2025.4")))


@pytest.fixture
def home_assistant(_home_assistant_2024: HomeAssistant) -> HomeAssistant:
    """Give the Home Assistant 2024.3.3 that all tests share; do not stop it."""
    # If it has crashed, that concerns the test that saw it, and no other.
    _home_assistant_2024.revive()
    return _home_assistant_2024


@pytest.fixture
def home_assistant_2025(_home_assistant_2025: HomeAssistant) -> HomeAssistant:
    """Give the Home Assistant 2025.4.4 that all tests share; do not stop it."""
    _home_assistant_2025.revive()
    return _home_assistant_2025


@pytest.fixture
def new_home_assistant(tmp_path: Path) -> Iterator[Callable[..., HomeAssistant]]:
    """Give a function that makes a Home Assistant of the test's own.

    `new_home_assistant(version="2024.3", extra="", start=True)`: it may be
    stopped, killed and started again; with start=False it is not yet started.
    """
    with ExitStack() as stack:

        def make(
            version: str = "2024.3", *, extra: str = "", start: bool = True
        ) -> HomeAssistant:
            venv = environment(version)
            number = len(list(tmp_path.glob("home-assistant-*")))
            folder = tmp_path / f"home-assistant-{number}"
            server = HomeAssistant(venv, folder, extra=extra)
            stack.callback(server.kill)
            if start:
                server.start()
            return server

        yield make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Give the browser that all tests share; each has tabs of its own profile."""
    from tests.browser import browser  # noqa: PLC0415  only here

    async with browser() as found:
        yield found


@pytest.fixture(scope="session")
def certificate(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, ssl.SSLContext]:
    """Give a self-signed certificate for localhost, and its server context."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(cert), context


@pytest.fixture(params=["compiled", "plain"])
def listener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Use each of the two listeners; ask for it with `usefixtures` in a whole file."""
    from hiq.ha import listening  # noqa: PLC0415  only here

    kind: str = request.param
    found = listening.compiled()
    assert not isinstance(found, str), found
    chosen = found if kind == "compiled" else listening.PlainListener
    monkeypatch.setattr("hiq.ha.connection.make_listener", chosen)
    return kind


@pytest.fixture(params=["reference", "core"])
def implementation(request: pytest.FixtureRequest) -> Any:
    """Each of the two converters, as a class: the oracle, and the compiled one."""
    from hiq import Pipeline  # noqa: PLC0415  only for those who ask
    from tests.reference import ReferencePipeline  # noqa: PLC0415

    return {"reference": ReferencePipeline, "core": Pipeline}[request.param]


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """No future with an exception that nobody took, no socket left open."""
    yield
    gc.collect()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Give a running simulated home of 60 entities that changes when told to."""
    from hiq.simulate.server import Simulator  # noqa: PLC0415  only here
    from hiq.simulate.world import World  # noqa: PLC0415  only here

    server = Simulator(World(entities=60, seed=1), rate=0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
