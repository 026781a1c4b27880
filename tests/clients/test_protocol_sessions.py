"""`hiq.v1` without a socket: sessions, their users and documents, and their ends."""

from __future__ import annotations

import json

import pytest

from hiq.clients.denied import Denied
from hiq.clients.lifecycle import MAY_FOLLOW, Lifecycle, State
from hiq.clients.principal import EVERYTHING, Principal, Scopes
from hiq.errors import TransitionError
from tests.clients.talk import Home
from tests.clients.tokens import NOW


def test_resume_after_a_cut() -> None:
    """What was not seen comes in order, what happened meanwhile too, then the new."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.fire(count=20)
    assert tab.seqs() == list(range(1, 21))
    tab.it.end(well=False)
    home.fire(count=20)
    back = home.tab()
    result, snapshot, *events = back.say(
        "resume", id=3, session=tab.welcome["session"], last_seq=15
    )
    assert result["data"]["resumed"] is True
    assert result["data"]["replayed"] == 25
    assert snapshot["entities"]["light.lamp"]["state"] == "on"
    assert [frame["seq"] for frame in events] == list(range(16, 41))
    assert [frame["redelivered"] for frame in events] == [True] * 5 + [False] * 20
    home.fire()
    assert back.seqs() == [41]
    assert len(home.hub.sessions) == 1


def test_a_session_that_is_taken_over() -> None:
    """The connection that had it is closed with 4409 and gets nothing any more."""
    home = Home()
    first = home.tab()
    first.say("subscribe")
    second = home.tab()
    second.say("resume", session=first.welcome["session"], last_seq=0)
    assert first.it.closing is not None
    assert first.it.closing[0] == 4409
    home.fire()
    assert first.read() == []
    first.it.end()
    assert second.seqs() == [1]
    assert second.it.session.peer is second.it


def test_a_session_that_is_left_for_another_waits_alone() -> None:
    """Nobody is waited for there; what was sent is sent again to who resumes it."""
    home = Home()
    old = home.tab()
    old.say("subscribe")
    old.it.end()
    tab = home.tab()
    tab.say("subscribe")
    home.fire()
    assert tab.seqs() == [1]
    left = tab.it.session
    tab.say("resume", session=old.welcome["session"], last_seq=0)
    assert left.peer is None
    for _ in range(50):
        home.time.pass_by(1)
        home.hub.tick(home.time.now)
    counts = left.outbox.delivered.counts
    assert (left.outbox.due_s, left.outbox.unresponsive) == (None, False)
    assert (counts.timeouts, counts.redelivered) == (0, 0)
    back = home.tab()
    found = back.say("resume", session=left.id, last_seq=0)
    assert [frame["seq"] for frame in found if frame["type"] == "event"] == [1]


def test_a_session_that_is_gone() -> None:
    """After its time: resumed false, a gap without an end, the whole document."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.fire(count=3)
    tab.it.end()
    home.time.pass_by(300)
    home.hub.tick(home.time.now)
    assert len(home.hub.sessions) == 0
    back = home.tab()
    result, gap, resync = back.say("resume", session=tab.welcome["session"], last_seq=2)
    assert result["data"]["resumed"] is False
    assert (gap["from"], gap["to"], gap["reason"]) == (3, None, "session_expired")
    assert (resync["type"], resync["version"]) == ("state_resync", 1)
    back.say("subscribe")
    home.fire()
    assert back.seqs() == [1]


def test_foreign_and_invented_sessions_are_the_same() -> None:
    """Somebody else's session cannot be told from one that never was."""
    home = Home()
    bobs = home.tab("bob").welcome["session"]
    tab = home.tab()
    answers = [
        tab.say("resume", session=name, last_seq=0)[0]
        for name in (bobs, "s_" + "0" * 48, "nonsense", "é")
    ]
    assert {answer["code"] for answer in answers} == {"FORBIDDEN"}
    assert len({answer["message"] for answer in answers}) == 1
    assert tab.it.session.peer is tab.it


def test_a_token_with_other_rights_does_not_get_the_session() -> None:
    """What was queued for wide scopes is not read with narrow ones."""
    home = Home()
    tab = home.tab()
    tab.it.end()
    narrow = home.tab(scopes=Scopes(entities=("light.*",)))
    (answer,) = narrow.say("resume", session=tab.welcome["session"], last_seq=0)
    assert answer["code"] == "FORBIDDEN"


def test_two_users_see_their_own() -> None:
    """1,000 events and disjoint scopes: nobody gets a foreign frame."""
    home = Home()
    tabs = {
        domain: home.tab(domain, Scopes(entities=(f"{domain}.*",)))
        for domain in ("light", "sensor")
    }
    for tab in tabs.values():
        tab.say("subscribe")
    for number in range(1000):
        home.fire(f"{('light', 'sensor')[number % 2]}.x{number % 7}")
    for domain, tab in tabs.items():
        frames = tab.read()
        assert len(frames) == 500
        assert all(f'"{domain}.' in json.dumps(frame["event"]) for frame in frames)
        assert (
            tab.say("subscribe", filter={"entities": ["lock.door"]})[0]["code"]
            == "FORBIDDEN"
        )


def test_words_of_scopes() -> None:
    """Reading, alerts and writing need their words."""
    home = Home()
    reader = home.tab(scopes=Scopes())
    assert reader.say("subscribe", filter={"alerts": True})[0]["code"] == "FORBIDDEN"
    assert reader.say("state_update", version=1, state={})[0]["code"] == "FORBIDDEN"
    nobody = home.tab("nobody", Scopes(frozenset()))
    assert nobody.say("subscribe")[0]["code"] == "FORBIDDEN"
    some = home.tab("some", Scopes(event_types=frozenset({"state_changed"})))
    answer = some.say("subscribe", filter={"event_types": ["call_service"]})[0]
    assert answer["code"] == "FORBIDDEN"


def test_too_many_subscriptions() -> None:
    """The 21st is refused."""
    tab = Home().tab()
    answers = [tab.say("subscribe")[0] for _ in range(21)]
    assert [one["type"] for one in answers] == ["result"] * 20 + ["error"]
    assert answers[-1]["code"] == "TOO_MANY_SUBSCRIPTIONS"


def test_three_tabs_have_one_document() -> None:
    """Each write reaches all tabs of the user, in the order of versions."""
    home = Home()
    one, two, three = tabs = [home.tab() for _ in range(3)]
    stranger = home.tab("bob")
    answer, told = one.say("state_update", id=7, version=1, state={"theme": "dark"})
    assert (answer["data"], told["version"]) == ({"version": 2}, 2)
    patch = [{"op": "replace", "path": "/theme", "value": "light"}]
    answer = two.say("partial_state_update", id=8, version=2, patch=patch)[1]
    assert (answer["type"], answer["version"]) == ("partial_update_applied", 3)
    assert [frame["version"] for frame in three.read()] == [2, 3]
    states = [tab.say("get_current_state")[-1] for tab in tabs]
    assert [(s["version"], s["state"]) for s in states] == [(3, {"theme": "light"})] * 3
    (conflict,) = three.say("state_update", id=9, version=2, state={})
    assert conflict["type"] == "version_conflict"
    assert (conflict["client_version"], conflict["server_version"]) == (2, 3)
    assert stranger.read() == []
    assert stranger.say("get_current_state")[0]["version"] == 1


def test_refresh_and_expiry() -> None:
    """A warning 15 s before, a refresh by the same user, the end if none comes."""
    home = Home()
    verdicts = {
        "good": Principal("alice", EVERYTHING, NOW + 200),
        "foreign": Principal("bob", EVERYTHING, NOW + 200),
        "old": Denied("TOKEN_EXPIRED"),
        "bad": Denied("INVALID_FORMAT"),
    }
    tab = home.tab(expires_s=NOW + 100, verify=verdicts.__getitem__)
    tab.it.tick()
    assert tab.it.due_s == 85
    assert tab.read() == []
    home.time.pass_by(85)
    tab.it.tick()
    (warning,) = tab.read()
    assert (warning["type"], warning["seconds_left"]) == ("auth_expiring", 15)
    codes = [
        tab.say("auth_refresh", token=t)[0]["code"] for t in ("foreign", "old", "bad")
    ]
    assert codes == ["FORBIDDEN", "TOKEN_EXPIRED", "FORBIDDEN"]
    assert tab.say("auth_refresh", token="good")[0]["ok"] is True
    home.time.pass_by(50)
    tab.it.tick()
    assert tab.read() == []
    home.time.pass_by(65)
    tab.it.tick()
    assert [frame["type"] for frame in tab.read()] == ["error"]
    assert tab.it.closing is not None
    assert tab.it.closing[0] == 4401


def test_who_does_not_read_answers_is_too_slow() -> None:
    """A hundred answers that nobody takes are enough."""
    tab = Home(messages_per_minute=1000).tab()
    for _ in range(101):
        tab.it.receive('{"type":"ping"}', 15)
    assert tab.it.closing is not None
    assert tab.it.closing[0] == 4408


def test_who_does_not_ack_is_too_slow() -> None:
    """After the redeliveries the connection ends and the session keeps the events."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.fire()
    assert tab.seqs() == [1]
    for seconds in (30, 1, 2, 4):
        home.time.pass_by(seconds)
        tab.it.tick()
        again = tab.read()
        assert all(frame["redelivered"] for frame in again)
    assert tab.it.closing is not None
    assert tab.it.closing[0] == 4408
    tab.it.end(well=False)
    back = home.tab()
    found = back.say("resume", session=tab.welcome["session"], last_seq=0)
    assert found[-1]["seq"] == 1


def test_interest_is_told_per_entity() -> None:
    """The core hears once per entity whether anybody wants it, and anew on a change."""
    told: list[tuple[int, bool]] = []
    home = Home(interest=lambda number, wanted: told.append((number, wanted)))
    tab = home.tab()
    assert home.hub.idle
    tab.say("subscribe", filter={"domains": ["light"]})
    assert not home.hub.idle
    for entity_id in ("light.a", "sensor.b", "light.a", "sensor.b"):
        home.fire(entity_id)
    assert told == [(1, True), (2, False)]
    tab.say("unsubscribe", subscription="1")
    home.fire("light.a")
    assert told[-1] == (1, False)


def test_an_event_that_fits_into_no_frame_is_a_gap() -> None:
    """More than 512 KiB cannot be sent; it is announced, and order goes on."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.hub.observe([(5, "a.b", 0, b'"' + b"x" * 600_000 + b'"')], 0.0)
    home.fire()
    gap, event = tab.read()
    assert (gap["from"], gap["to"], event["seq"]) == (1, 1, 2)


@pytest.mark.parametrize("old", list(State))
def test_states_follow_the_table(old: State) -> None:
    """What may not follow raises; the two ends are final."""
    for new in State:
        life = Lifecycle()
        life.state = old
        if new in MAY_FOLLOW[old]:
            life.to(new)
        else:
            with pytest.raises(TransitionError):
                life.to(new)


def test_sessions_of_a_user_are_bounded() -> None:
    """The oldest without a connection leaves when there are too many."""
    home = Home()
    names = []
    for _ in range(12):
        tab = home.tab()
        names.append(tab.welcome["session"])
        tab.it.end()
        home.time.pass_by(1)
    assert len(home.hub.sessions) == 10
    assert home.hub.sessions.find("alice", names[0]) is None
    assert home.hub.sessions.find("alice", names[-1])


def test_nothing_is_left_of_a_user() -> None:
    """After the session's time a user with an empty document is forgotten."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.fire()
    tab.it.end()
    tab.it.end()
    home.time.pass_by(301)
    home.hub.tick(home.time.now)
    hub = home.hub
    assert (len(hub.sessions), len(hub.users), len(hub.last)) == (0, 0, 0)


def test_alerts_go_to_who_wants_them() -> None:
    """One asked for alerts, the other for events only."""
    home = Home()
    one, two = home.tab(), home.tab("bob")
    one.say("subscribe", filter={"alerts": True, "domains": ["none"]})
    two.say("subscribe")
    told = home.hub.alert(
        key="conservation",
        severity="critical",
        state="raised",
        message="lost",
        since="x",
    )
    assert told == 1
    (alert,) = one.read()
    assert (alert["type"], alert["key"], alert["state"]) == (
        "alert",
        "conservation",
        "raised",
    )
    assert two.read() == []
