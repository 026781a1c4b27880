"""Tokens of Home Assistant: a refused one, a new one, none, and never one in the log."""

from __future__ import annotations

import logging

from hiq import ingest as module
from hiq.ha.token import read_token
from hiq.settings.schema import HomeAssistantSettings
from tests.ha.home import TOKEN, scripted_home
from tests.ingesting import running


async def test_a_refused_token_is_tried_once(tmp_path, monkeypatch):
    """auth_invalid is final until the token file changes; then all goes on."""
    monkeypatch.setattr(module, "TOKEN_POLL_S", 0.01)
    file = tmp_path / "token"
    file.write_text("w" * 40)
    async with (
        scripted_home() as home,
        running(home.url, None, token_file=str(file)) as run,
    ):
        await run.until(lambda: run.stats.ha.auth_failed)
        assert run.stats.ha.state == "FAILED"
        assert "refused the token" in run.stats.ha.last_error
        waits = []
        monkeypatch.setattr(run.ingest, "_is_new", waits.append)
        await run.until(lambda: len(waits) >= 3)
        monkeypatch.undo()
        assert home.logins == ["w" * 40]
        file.write_text(TOKEN)
        run.ingest.reload()
        await run.subscribed()
        assert not run.stats.ha.auth_failed
    assert home.logins == ["w" * 40, TOKEN]


async def test_a_changed_token_file_is_noticed(tmp_path, monkeypatch):
    """Without anybody telling, a new token in the file is used."""
    monkeypatch.setattr(module, "TOKEN_POLL_S", 0.01)
    file = tmp_path / "token"
    async with (
        scripted_home() as home,
        running(home.url, None, token_file=str(file)) as run,
    ):
        await run.until(lambda: run.stats.ha.auth_failed)
        assert "No such file" in run.stats.ha.last_error
        file.write_text(TOKEN)
        await run.subscribed()
        assert run.stats.ha.attempts == 1


async def test_a_missing_token_is_told_once(monkeypatch):
    """Trying again changes nothing, neither state nor counters."""
    looks = []

    def look(candidate):
        looks.append(candidate)
        return read_token(candidate)

    monkeypatch.setattr(module, "read_token", look)
    async with running("http://127.0.0.1:1", None) as run:
        for count in (1, 2, 3):
            await run.until(lambda n=count: len(looks) == n)
            run.ingest.reload()
        assert run.stats.ha.failures == 1
        assert run.stats.ha.attempts == 0
        assert "HA_TOKEN" in run.stats.ha.last_error


async def test_reload_tries_the_same_token_again(monkeypatch):
    """A token that was refused may have been made valid: SIGHUP tries it."""
    async with scripted_home() as home:
        home.tokens.clear()
        async with running(home.url) as run:
            await run.until(lambda: run.stats.ha.auth_failed)
            home.tokens.add(TOKEN)
            run.ingest.reload(run.settings)
            await run.subscribed()
        assert home.logins == [TOKEN, TOKEN]


async def test_the_fallback_serves_while_the_primary_refuses_the_token():
    """One refused token does not stop the other candidate, and is not sent again."""
    async with scripted_home() as primary, scripted_home() as home:
        primary.tokens.clear()
        fallback = HomeAssistantSettings(url=home.url, token=TOKEN)
        async with running(primary.url, fallback=fallback) as run:
            await run.subscribed()
            assert not run.stats.ha.auth_failed
        assert primary.logins == [TOKEN]


async def test_no_token_is_ever_logged(caplog):
    """At DEBUG, through success and refusal, the token appears nowhere."""
    caplog.set_level(logging.DEBUG)
    wrong = "wrong" * 10
    async with scripted_home() as home:
        async with running(home.url) as run:
            await run.subscribed()
            run.ingest.reload(HomeAssistantSettings(url=home.url, token=wrong))
            await home.socket.close()
            await run.until(lambda: run.stats.ha.auth_failed)
    ours = [r for r in caplog.records if not r.name.startswith("websockets")]
    text = "\n".join(str(vars(r)) for r in ours)
    assert "RECONNECTING" in text
    assert TOKEN not in text
    assert wrong not in text
    assert wrong not in str(run.stats)
