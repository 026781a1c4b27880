"""Sessions against a model: no loss, no disorder, no repeat beyond an ack, no foreigner."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hiq.clients.store import Store
from tests.clients.talk import Home, Tab

EXAMPLES = int(os.environ.get("CLIENT_EXAMPLES", "100"))
STEPS = int(os.environ.get("CLIENT_STEPS", "40"))
USERS = ("alice", "bob")
LIMIT = 6
RESTART = -1
RESERVED = 4
MANY = {"messages_per_minute": 10**6, "acks_per_minute": 10**6}


class Person:
    """What one user knows, and what the model says that it must be told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tab: Tab | None = None
        self.other: Tab | None = None
        self.session: str | None = None
        self.seq = 0
        self.acked = 0
        self.seen: dict[int, int] = {}
        self.lost: set[int] = set()
        self.fired: dict[int, int] = {}
        self.next = 1
        self.kept_next = 1

    def owed(self, number: int) -> None:
        """What happens next has the next number."""
        self.fired[self.next] = number
        self.next += 1


class Sessions(RuleBasedStateMachine):
    """Two users, each with a session over many connections."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.home = Home(outbox_events=LIMIT, **MANY)
        self.store = self.keep(self.home)
        self.people = {name: Person(name) for name in USERS}
        self.count = 0

    def keep(self, home: Home) -> Store:
        """Give a home a store, and what the store has kept."""
        store = Store(
            self.folder / "clients.db", home.hub.rules, home.time.clocks, durable=True
        )
        store.open()
        home.hub.use(store)
        store.restore(home.hub)
        return store

    @rule(name=st.sampled_from(USERS))
    def connect(self, name: str) -> None:
        """Connect, or come back."""
        person = self.people[name]
        if person.tab is not None:
            return
        person.tab = tab = self.home.tab(name)
        if person.session is None:
            person.session = tab.welcome["session"]
            tab.say("subscribe", filter={"entities": [f"light.{name}"]})
            return
        tab.it.receive(
            json.dumps(
                {
                    "type": "resume",
                    "id": 1,
                    "session": person.session,
                    "last_seq": person.seq,
                }
            ),
            99,
        )
        person.acked = person.seq

    @rule(name=st.sampled_from(USERS), count=st.integers(1, 4))
    def fire(self, name: str, count: int) -> None:
        """Something happens at the home of one of them."""
        person = self.people[name]
        for _ in range(count):
            self.count += 1
            if person.session is not None:
                person.owed(self.home.fired + 1)
            self.home.fire(f"light.{name}")

    @rule(name=st.sampled_from(USERS), most=st.integers(1, 5))
    def read(self, name: str, most: int) -> None:
        """Read a little; a slow reader reads one."""
        person = self.people[name]
        if person.tab is not None:
            for frame in person.tab.read(most):
                self.take(person, frame)

    def take(self, person: Person, frame: dict[str, Any]) -> None:
        """Take a frame, and see that it may come."""
        if frame["type"] == "event":
            seq = frame["seq"]
            assert seq > person.acked, "a repeat of what was acked"
            data = frame["event"]["data"]
            assert data["entity_id"] == f"light.{person.name}", "a foreign frame"
            number = data["new_state"]["attributes"]["n"]
            assert person.seen.setdefault(seq, number) == number, (
                "one number, two things"
            )
            if seq <= person.seq:
                assert frame["redelivered"]
            else:
                assert seq == person.seq + 1, "a hole"
                person.seq = seq
        elif frame["type"] == "gap":
            assert frame["from"] == person.seq + 1, "a gap at the wrong place"
            if frame["count"] is not None:
                assert frame["count"] == frame["to"] - frame["from"] + 1
            person.lost |= set(range(frame["from"], frame["to"] + 1))
            person.seq = frame["to"]
        else:
            assert frame["type"] in {"result", "state_snapshot"}, frame

    @rule(name=st.sampled_from(USERS), back=st.integers(0, 3))
    def ack(self, name: str, back: int) -> None:
        """Confirm what was seen, or a part of it."""
        person = self.people[name]
        seq = max(0, person.seq - back)
        if person.tab is not None and person.seq:
            for frame in person.tab.say("ack", seq=seq):
                self.take(person, frame)
            person.acked = max(person.acked, seq)

    @rule(name=st.sampled_from(USERS))
    def cut(self, name: str) -> None:
        """The connection is lost."""
        person = self.people[name]
        if person.tab is not None:
            person.tab.it.end(well=False)
            person.tab = None

    @rule(name=st.sampled_from(USERS))
    def second_tab(self, name: str) -> None:
        """Another tab of the user comes and goes; it has a session of its own."""
        person = self.people[name]
        if person.other is None:
            person.other = self.home.tab(name)
        else:
            person.other.it.end()
            person.other = None

    @rule()
    def flush(self) -> None:
        """What happened is on disk, and may be sent."""
        changes = self.store.take()
        self.store.write(changes, self.home.time.clocks.wall())
        self.store.written(changes)
        for person in self.people.values():
            person.kept_next = person.next

    @rule()
    def kill(self) -> None:
        """Hiq is killed and starts again: no number is ever given to something else."""
        self.store.close()
        old, self.home = self.home, Home(outbox_events=LIMIT, **MANY)
        self.home.time.now = old.time.now
        self.home.fired = old.fired
        self.store = self.keep(self.home)
        for person in self.people.values():
            person.tab = person.other = None
            known = person.session is not None and self.home.hub.sessions.find(
                person.name, person.session
            )
            if not known:  # the session itself was not on disk yet
                assert person.seq == 0, "something was sent before it was kept"
                person.session, person.fired = None, {}
                person.next = person.kept_next = 1
                person.seen, person.lost = {}, set()
                continue
            up_to = person.kept_next + RESERVED
            assert max(person.seen, default=0) <= up_to, "sent beyond the reserve"
            for seq in range(up_to + 1, person.next):
                del person.fired[seq]
            for seq in range(person.kept_next, up_to + 1):
                person.fired[seq] = person.seen.get(seq, RESTART)
            person.next = up_to + 1

    @precondition(lambda self: all(p.session for p in self.people.values()))
    @rule()
    def steal(self) -> None:
        """Somebody asks for the session of somebody else."""
        one, two = (self.people[name] for name in USERS)
        thief = self.home.tab(two.name)
        answer = thief.say("resume", session=one.session, last_seq=0)
        assert answer[0]["code"] == "FORBIDDEN"
        thief.it.end()

    @rule()
    def time_passes(self) -> None:
        """A little, so that nothing expires."""
        self.home.time.pass_by(0.01)
        self.home.hub.tick(self.home.time.now)

    @invariant()
    def bounded(self) -> None:
        """No outbox holds more than it may."""
        Sessions.steps += 1
        assert all(len(one.outbox) <= LIMIT for one in self.home.hub.sessions)

    def teardown(self) -> None:
        """In the end everybody comes back and has all, or was told what is missing."""
        self.flush()
        for person in self.people.values():
            if person.session is None:
                continue
            self.cut(person.name)
            self.connect(person.name)
            assert person.tab is not None
            for frame in person.tab.read():
                self.take(person, frame)
            assert person.seq == person.next - 1
            for seq, number in person.fired.items():
                assert person.seen.get(seq) == number or seq in person.lost
        self.store.close()
        shutil.rmtree(self.folder)


Sessions.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None
)


def test_sessions_are_as_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect, event, ack, cut, resume, kill, slow reader, second tab: all is kept."""
    monkeypatch.setattr("hiq.clients.store.RESERVED", RESERVED)
    Sessions.TestCase("runTest").runTest()
    print(f"{Sessions.steps} steps")
    assert Sessions.steps >= EXAMPLES * STEPS / 4
