"""A host name that nobody resolves does not hold up the end."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hiq.service import Service
from hiq.settings.schema import (
    HomeAssistantSettings,
    HttpSettings,
    Settings,
    SinkSettings,
)
from hiq.threads import Lookups, hop

if TYPE_CHECKING:
    from pathlib import Path


def test_what_has_not_begun_is_given_up_and_what_runs_is_left() -> None:
    """Shutting down waits for nothing, whatever the caller asks for."""
    release, began = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        release.wait(30)

    lookups = Lookups()
    futures = [lookups.submit(work) for _ in range(20)]
    assert began.wait(30)
    lookups.shutdown(wait=True)
    assert futures[-1].cancelled()
    assert not futures[0].done()
    release.set()
    futures[0].result(30)


def test_a_hanging_resolver_does_not_hold_up_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service ends, and so does its event loop, while a name is looked up."""
    release, began = threading.Event(), threading.Event()
    ended: list[bool] = []
    resolve = socket.getaddrinfo

    def hang(host: object, *args: object, **more: object) -> object:
        if host not in {"ha.lan", b"ha.lan"}:
            return resolve(host, *args, **more)  # type: ignore[arg-type]
        began.set()
        release.wait(60)
        ended.append(True)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    settings = Settings(
        home_assistant=HomeAssistantSettings(url="ws://ha.lan:1", token="x" * 40),
        http=HttpSettings(enabled=False),
        sinks=(SinkSettings(name="store", type="sqlite"),),
        data_dir=tmp_path,
    )

    async def run() -> int:
        service = Service(settings, environment={})
        task = asyncio.create_task(service.run())
        await asyncio.to_thread(began.wait, 30)
        service.stop()
        return await task

    try:
        assert asyncio.run(run()) == 0
        assert ended == []
    finally:
        release.set()


@pytest.mark.parametrize("own", [True, False])
async def test_work_comes_back_with_its_result_or_its_error(own: bool) -> None:
    """What the thread returns or raises is what the future holds."""
    with ThreadPoolExecutor(1) as pool:
        executor = pool if own else None
        assert await hop(executor, divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await hop(executor, divmod, 7, 0)


async def test_a_result_that_nobody_waits_for_does_no_harm() -> None:
    """The future was cancelled, or the loop is closed, before the thread is done."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = hop(pool, release.wait, 30)
        future.cancel()

        async def leave() -> asyncio.Future[bool]:
            return hop(pool, release.wait, 30)

        left = await asyncio.to_thread(asyncio.run, leave())
        release.set()
        assert await hop(pool, release.is_set)
    assert future.cancelled()
    assert not left.done()
