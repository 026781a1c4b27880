"""The server's queue for one client: detached, full, too old, unconfirmed; in order."""

from __future__ import annotations

import time

import pytest

from tests.clients.serving import Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared(
    "outbox_events: 1000, outbox_age: 3s, session_age: 60s, ack_timeout: 500ms, "
    "sessions_per_user: 100"
)


def fire(hiq: Hiq, count: int, entity_id: str = "light.lamp", start: int = 0) -> None:
    """Change one light so many times; `n` counts."""
    for number in range(start, start + count):
        hiq.home.set(entity_id, "on" if number % 2 else "off", {"n": number})


async def passed(hiq: Hiq, events: int) -> None:
    """Wait until the service has seen so many more events than at some time."""
    await hiq.until("events", lambda h: h["clients"]["events"] >= events)


async def test_queued_while_away_and_flushed_on_return(hiq: Hiq) -> None:
    """Ten while nobody is connected, none lost; fifteen more come on reconnecting."""
    async with tab(hiq, "away") as client:
        await client.subscribe(domains=["light"])
        session = client.welcome["session"]
    seen = (await hiq.alone())["clients"]["events"]
    for seq, count in ((0, 10), (10, 15)):
        fire(hiq, count)
        seen += count
        await passed(hiq, seen)
        async with tab(hiq, "away") as back:
            await back.tell("resume", id=1, session=session, last_seq=seq)
            answer = await back.next()
            assert answer["data"]["replayed"] == count
            found = await back.events(count)
            assert [frame["seq"] for frame in found] == list(
                range(seq + 1, seq + count + 1)
            )
            assert [
                f["event"]["data"]["new_state"]["attributes"]["n"] for f in found
            ] == list(range(count))
            assert not any(frame["redelivered"] for frame in found)
        await hiq.alone()


async def test_answers_go_before_events(hiq: Hiq) -> None:
    """The answer to `resume` and its snapshot come first, the events after it."""
    async with tab(hiq, "first") as client:
        await client.subscribe(domains=["light"])
        session = client.welcome["session"]
    seen = (await hiq.alone())["clients"]["events"]
    fire(hiq, 8)
    await passed(hiq, seen + 8)
    async with tab(hiq, "first") as back:
        await back.tell("resume", id=1, session=session, last_seq=0)
        await back.tell("ping", id=2)
        kinds = [(await back.next())["type"] for _ in range(11)]
        assert kinds[:2] == ["result", "state_snapshot"]
        assert kinds.count("event") == 8
        assert kinds.count("pong") == 1


async def test_too_old_is_a_gap(hiq: Hiq) -> None:
    """After its age what waited is announced as expired, and new events follow."""
    async with tab(hiq, "late") as client:
        await client.subscribe(domains=["light"])
        session = client.welcome["session"]
    seen = (await hiq.alone())["clients"]["events"]
    fire(hiq, 3)
    await passed(hiq, seen + 3)
    await hiq.until("expired", lambda h: h["clients"]["dropped"] >= 3)
    async with tab(hiq, "late") as back:
        await back.tell("resume", id=1, session=session, last_seq=0)
        gap = await back.wait_for("gap")
        assert (gap["from"], gap["to"], gap["count"], gap["reason"]) == (
            1,
            3,
            3,
            "expired",
        )
        fire(hiq, 1)
        assert (await back.events(1))[0]["seq"] == 4


async def test_unconfirmed_is_sent_again_and_counted(hiq: Hiq) -> None:
    """20, a failure, and 15 more: all arrive; the repeats say that they are."""
    async with tab(hiq, "again") as client:
        await client.subscribe(domains=["light"])
        fire(hiq, 20)
        first = await client.events(20)
        again = await client.events(20)
        assert [frame["seq"] for frame in again] == [frame["seq"] for frame in first]
        assert all(frame["redelivered"] for frame in again)
        client.socket.transport.abort()
    await hiq.alone()
    seen = (await hiq.health())["clients"]["events"]
    fire(hiq, 15, start=20)
    await passed(hiq, seen + 15)
    async with tab(hiq, "again") as back:
        await back.tell("resume", id=1, session=client.welcome["session"], last_seq=18)
        found = await back.events(17)
        assert [frame["seq"] for frame in found] == list(range(19, 36))
        assert [frame["redelivered"] for frame in found] == [True] * 2 + [False] * 15
        await back.tell("ack", seq=35)
        status = await back.ask("get_status", id=2, event_id=found[0]["event_id"])
        assert status["data"]["status"] == "confirmed"
        assert status["data"]["attempts"] >= 3


async def test_a_thousand_in_and_out(hiq: Hiq) -> None:
    """A thousand events go in and come out in less than five seconds each."""
    async with tab(hiq, "many") as client:
        await client.subscribe(domains=["light"])
        began = time.monotonic()
        fire(hiq, 1000)
        found = await client.events(1000)
        await client.tell("ack", seq=1000, id=1)
        assert (await client.wait_for("result"))["data"] == {"acked": 1000}
        assert time.monotonic() - began < 10
        assert [frame["seq"] for frame in found] == list(range(1, 1001))


async def test_the_oldest_leave_when_it_is_full(
    hiq: Hiq, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With room for five, of ten the last five come, and one gap for the others."""
    from tests.clients.serving import hiq_serve  # noqa: PLC0415  one of its own

    async with hiq_serve(tmp_path_factory.mktemp("small"), "outbox_events: 5") as it:
        async with tab(it) as client:
            await client.subscribe(domains=["light"])
        await it.alone()
        fire(it, 10)
        await passed(it, 10)
        async with tab(it) as back:
            await back.tell("resume", session=client.welcome["session"], last_seq=0)
            gap = await back.wait_for("gap")
            assert (gap["from"], gap["to"], gap["reason"]) == (1, 5, "overflow")
            found = await back.events(5)
            assert [frame["seq"] for frame in found] == [6, 7, 8, 9, 10]
        assert (await it.health())["clients"]["dropped"] == 5
