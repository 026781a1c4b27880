"""Answers of a shape that no database sends: one sentence, never an internal error.

A proxy between hiq and its database may answer 200 with anything. The fake answers every
question with the same body.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from hiq.errors import SinkUnreadable
from hiq.settings import SinkSettings
from hiq.sink import make_reader
from hiq.sink.dialect import dialect
from hiq.sink.probe import _holds_value
from hiq.sink.stored_flux import _Table

TYPES = ("influxdb1", "influxdb3", "victoriametrics")
BODIES = (b"[]", b"[1]", b"7", b"null", b'"text"', b"{", b"{}", b'{"metric":[]}',
    b'{"results":7}', b'{"results":[7]}', b'{"results":[{"series":[{"name":1}]}]}',
    b'{"table_name":"a"}',
    b'{"metric":{"__name__":"a","domain":"b","entity_id":"c"},"timestamps":[1]}',
)  # fmt: skip
SERVED = [(kind, body) for kind in TYPES for body in BODIES]
NONE = {
    ("influxdb1", b'{"results":[{"series":[{"name":1}]}]}'),
    ("influxdb3", b'{"table_name":"a"}'),
}
"""These could be rows that are no entity's."""
Answering = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    """Start a server that answers all with the same body; returns its URL."""
    runners = []

    async def start(body: bytes) -> str:
        async def answer(request: web.Request) -> web.Response:
            flushed = request.path.endswith("force_flush")
            return web.Response(body=b"" if flushed else body + b"\n")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(("kind", "body"), SERVED)
async def test_reading_back(
    answering: Answering, tmp_path: Path, kind: str, body: bytes
) -> None:
    """It is no point, and what is no answer is told so."""
    url = await answering(body)
    settings = SinkSettings(name="db", type=kind, url=url, database="home", timeout=5)
    reader = make_reader(settings, data_dir=tmp_path)
    try:
        if (kind, body) in NONE:
            assert [point async for point in reader.read(0, 10**18)] == []
            return
        with pytest.raises(SinkUnreadable, match="cannot read back from db: an answer"):
            assert [point async for point in reader.read(0, 10**18)] == []
    finally:
        await reader.close()


@pytest.mark.parametrize(("kind", "body"), SERVED)
def test_probing(kind: str, body: bytes) -> None:
    """No such answer shows that a probe's point is there."""
    settings = SinkSettings(name="db", type=kind, url="http://a", database="home")
    assert not _holds_value(dialect(settings), body, 5)


def test_a_text_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flux's CSV: neither an end within a text nor one without end is taken."""
    table = _Table()
    assert table.take(',,0,"begun') is None
    with pytest.raises(ValueError, match="ends within a quoted text"):
        table.end()
    monkeypatch.setattr("hiq.sink.stored_flux.LINE_BYTES", 100)
    with pytest.raises(ValueError, match="more than 100 characters"):
        for _ in range(100):
            assert table.take("again") is None
