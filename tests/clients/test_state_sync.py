"""The document of a user over several tabs: versions, conflicts, patches."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.clients.serving import Hiq, Tab, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared("connections_per_address: 100, messages_per_minute: 1000")


async def state(client: Tab) -> tuple[int, dict]:
    """Ask for the document."""
    await client.tell("get_current_state", id="g")
    found = await client.wait_for("current_state")
    return found["version"], found["state"]


async def test_a_snapshot_comes_first(hiq: Hiq) -> None:
    """Version 1, empty, within 10 s."""
    began = time.monotonic()
    async with tab(hiq, "fresh") as client:
        assert (client.snapshot["version"], client.snapshot["state"]) == (1, {})
        assert time.monotonic() - began < 10


async def test_versions_rise_and_return_with_the_content(hiq: Hiq) -> None:
    """Three updates, a reconnect: the snapshot holds version and content."""
    async with tab(hiq, "rising") as client:
        for version in (1, 2, 3):
            await client.tell(
                "state_update", id=version, version=version, state={"n": version}
            )
            assert (await client.wait_for("result"))["data"] == {"version": version + 1}
    async with tab(hiq, "rising") as back:
        assert (back.snapshot["version"], back.snapshot["state"]) == (4, {"n": 3})


async def test_a_stale_version_is_a_conflict(hiq: Hiq) -> None:
    """Two writers on one version: one wins; the other asks again and succeeds."""
    async with tab(hiq, "two") as one, tab(hiq, "two") as two:
        for number, client in enumerate((one, two)):
            await client.tell("state_update", id=1, version=1, state={"by": number})
        await one.wait_for("result")
        conflict = await two.wait_for("version_conflict")
        assert (conflict["client_version"], conflict["server_version"]) == (1, 2)
        assert conflict["resolution"] == "resync_required"
        assert await state(two) == (2, {"by": 0})
        await two.tell("state_update", id=2, version=2, state={"by": 1})
        await two.wait_for("result")
        assert await state(one) == (3, {"by": 1})


async def test_patches(hiq: Hiq) -> None:
    """Each is one version more; one that fails changes nothing."""
    async with tab(hiq, "patch") as client:
        for version, operation in (
            (1, {"op": "add", "path": "/theme", "value": "dark"}),
            (2, {"op": "add", "path": "/entities", "value": {"light.kitchen": {}}}),
            (3, {"op": "add", "path": "/entities/light.kitchen/hidden", "value": True}),
        ):
            await client.tell(
                "partial_state_update", id=1, version=version, patch=[operation]
            )
            assert (await client.wait_for("partial_update_applied"))[
                "version"
            ] == version + 1
            assert (await client.wait_for("state_updated"))["patch"] == [operation]
        bad = [
            {"op": "remove", "path": "/theme"},
            {"op": "test", "path": "/no", "value": 1},
        ]
        answer = await client.ask("partial_state_update", id=2, version=4, patch=bad)
        assert answer["code"] == "PATCH_FAILED"
        version, found = await state(client)
        assert (version, found["theme"]) == (4, "dark")
        assert found["entities"] == {"light.kitchen": {"hidden": True}}


async def test_three_tabs_agree(hiq: Hiq) -> None:
    """After writes of each, all three have the same version and content."""
    async with (
        tab(hiq, "three") as one,
        tab(hiq, "three") as two,
        tab(hiq, "three") as three,
    ):
        tabs = (one, two, three)
        for version, client in enumerate(tabs, 1):
            await client.tell(
                "state_update", id=1, version=version, state={"n": version}
            )
            await client.wait_for("result")
        for client in tabs:
            versions = [
                (await client.wait_for("state_updated"))["version"]
                for _ in range(3 if client is one else 1)
            ]
            assert versions
        found = [await state(client) for client in tabs]
        assert found == [(4, {"n": 3})] * 3


async def test_five_users_ten_updates(hiq: Hiq) -> None:
    """Each reaches the second tab before the next is written, and nobody else's."""
    ready = asyncio.Barrier(5)

    async def user(name: str) -> None:
        async with tab(hiq, name) as writer, tab(hiq, name) as reader:
            await ready.wait()
            for version in range(1, 11):
                written = {"n": version, "by": name}
                await writer.tell("state_update", id=1, version=version, state=written)
                # The next frame, whatever it is: no update waits for a later one,
                # and none of another user's comes in between.
                frame = await reader.next()
                assert frame["type"] == "state_updated", frame
                assert frame["version"] == version + 1
                (operation,) = frame["patch"]
                assert operation["value"] == written
                await writer.wait_for("state_updated")
            assert await state(reader) == (11, {"n": 10, "by": name})

    async with asyncio.timeout(20):
        await asyncio.gather(*(user(f"user{number}") for number in range(5)))
