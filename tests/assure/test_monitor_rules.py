"""Each rule of the monitor against facts that are right, wrong, and right again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hiq.assure.monitor_facts import ClientFacts, Facts, HaFacts, SinkFacts
from hiq.assure.monitor_kinds import KINDS, PAGE, finding
from hiq.assure.monitor_rules import (
    MOST_SILENT,
    Broken,
    Gained,
    HomeSilence,
    Progress,
    RateRule,
    Silences,
    clients,
    conservation,
    tasks,
)

WELL = HaFacts(subscribed=True, connects=1)


def keys(found: Any) -> list[str]:
    """Return the keys of findings."""
    return [one.key for one in found]


def test_a_message_says_what_to_do_and_where_it_is_written() -> None:
    """Every kind, and a severity of its own if a rule says so."""
    for kind, known in KINDS.items():
        one = finding(kind, "", "It is so")
        assert one.message == f"It is so. {known.advice} ({PAGE}#{kind})"
        assert one.severity == known.severity
    assert finding("latency", "db", "x", "critical").severity == "critical"


def test_counters_that_do_not_add_up() -> None:
    """Of events or of one sink; with the difference."""
    assert keys(conservation(Facts(0.0))) == []
    (one,) = conservation(
        Facts(0.0, imbalance=1, sinks=(SinkFacts("db", imbalance=-2), SinkFacts("x")))
    )
    assert one.key == "conservation"
    assert "events +1, sink db -2" in one.message


def test_parts_that_died() -> None:
    """Each by its name, until it runs again."""
    assert keys(tasks(Facts(0.0, down={"pump": "OSError: x"}))) == ["task_down:pump"]
    assert keys(tasks(Facts(0.0))) == []


def test_clients_that_do_not_confirm_or_are_full() -> None:
    """At four fifths a warning, at nine tenths critical."""
    several = (
        ClientFacts("a", unconfirmed=True),
        ClientFacts("b", filling=0.85),
        ClientFacts("c", filling=0.95),
        ClientFacts("d", filling=0.5),
    )
    found = list(clients(Facts(0.0, clients=several)))
    assert [(one.key, one.severity) for one in found] == [
        ("client_not_acking:a", "warning"),
        ("outbox_full:b", "warning"),
        ("outbox_full:c", "critical"),
    ]


class Home:
    """A home whose events are counted second by second."""

    def __init__(self, rule: Any, **facts: Any) -> None:
        self.rule = rule
        self.facts = Facts(0.0, ha=WELL, **facts)

    def run(self, seconds: float, per_second: float, **changes: Any) -> list[str]:
        """Let time pass in ticks of ten seconds; return what was found last."""
        found: list[str] = []
        for _ in range(int(seconds / 10)):
            home = replace(
                self.facts.ha,
                **{"events": self.facts.ha.events + int(per_second * 10), **changes},
            )
            self.facts = replace(self.facts, now_s=self.facts.now_s + 10, ha=home)
            found = keys(self.rule(self.facts))
        return found


def test_a_mute_home_is_told_within_a_minute() -> None:
    """With a learned rhythm of many events, after 60 s; over with the next event."""
    home = Home(HomeSilence(60.0))
    assert home.run(600, 5) == []
    assert home.run(60, 0) == []
    assert home.run(10, 0) == ["ha_silent"]
    assert home.run(10, 1) == []


def test_a_home_that_was_mute_from_the_start_is_told_within_ten_minutes() -> None:
    """While no rhythm is known."""
    home = Home(HomeSilence(60.0))
    assert home.run(600, 0) == []
    assert home.run(20, 0) == ["ha_silent"]


def test_a_home_that_is_away_is_not_mute() -> None:
    """Without a subscription nothing can come; after it, time begins anew."""
    home = Home(HomeSilence(60.0))
    home.run(600, 5)
    assert home.run(3600, 0, subscribed=False) == []
    assert home.run(50, 0, subscribed=True, connects=2) == []
    assert home.run(30, 0) == ["ha_silent"]


def test_silent_entities() -> None:
    """Each against its own rhythm; not while the home is away; not what is gone."""
    gone: set[str] = set()
    rule = Silences(most=100, least_s=600.0, learn_s=3600.0)
    rule.gone = gone.__contains__
    now_s = 0.0
    for tick in range(720):
        now_s = tick * 10.0
        counts = (("sensor.a", tick), ("sensor.b", tick // 6))
        assert keys(rule(Facts(now_s, ha=WELL, entities=counts))) == []
    away = HaFacts(subscribed=False)
    for tick in range(720, 1440):
        now_s = tick * 10.0
        assert keys(rule(Facts(now_s, ha=away, entities=counts))) == []
    found = {}
    for tick in range(1440, 1800):
        now_s = tick * 10.0
        for one in rule(Facts(now_s, ha=WELL, entities=counts)):
            found.setdefault(one.key, now_s - 14_390.0)
    assert found == {"entity_silent:sensor.a": 610.0, "entity_silent:sensor.b": 1210.0}
    gone.add("sensor.a")
    facts = Facts(now_s, ha=WELL, entities=counts)
    assert keys(rule(facts)) == ["entity_silent:sensor.b"]
    counts = (("sensor.a", 719), ("sensor.b", 200))
    assert keys(rule(Facts(now_s, ha=WELL, entities=counts))) == []


def test_expected_entities_are_judged_from_the_start() -> None:
    """By what was asked for, and also if they never came."""
    rule = Silences(
        most=100, least_s=600.0, learn_s=3600.0, expected={"sensor.boiler": 120.0}
    )
    for now_s in range(0, 130, 10):
        assert keys(rule(Facts(float(now_s), ha=WELL))) == []
    assert keys(rule(Facts(130.0, ha=WELL))) == ["entity_silent:sensor.boiler"]
    there = (("sensor.boiler", 1),)
    assert keys(rule(Facts(140.0, ha=WELL, entities=there))) == []
    away = HaFacts(subscribed=False)
    assert keys(rule(Facts(9000.0, ha=away, entities=there))) == []
    assert keys(rule(Facts(9010.0, ha=WELL, entities=there))) == []


def test_many_silent_entities_are_told_together() -> None:
    """Fifty by name, the others as a number."""
    expected = {f"sensor.n{number}": 1.0 for number in range(60)}
    rule = Silences(most=100, least_s=600.0, learn_s=0.0, expected=expected)
    list(rule(Facts(0.0, ha=WELL)))
    found = list(rule(Facts(10.0, ha=WELL)))
    assert len(found) == MOST_SILENT + 1
    assert found[-1].key == "entity_silent:others"
    assert found[-1].message.startswith("10 more entities")


def test_parts_that_do_not_move() -> None:
    """Journal and sinks with work and no progress; an outage that is told is none."""
    rule = Progress()
    sinks = (SinkFacts("db", pending=5), SinkFacts("out", well=False, pending=5))
    facts = Facts(0.0, ha=WELL, buffered=3, sinks=sinks)
    assert keys(rule(facts)) == []
    assert keys(rule(replace(facts, now_s=29.0))) == []
    assert keys(rule(replace(facts, now_s=31.0))) == ["stuck:journal", "stuck:sink db"]
    moved = replace(facts, now_s=40.0, commits=1, sinks=(SinkFacts("db", done=5),))
    assert keys(rule(moved)) == []


def test_a_burst_is_told_by_type_domain_and_entity() -> None:
    """Ten times as much for three minutes; over when it is as usual."""
    rule = RateRule(100)
    count, now_s, told = 0, 0.0, []
    for minute in range(40):
        burst = 20 <= minute < 24
        count += 6000 if burst else 600
        now_s += 60.0
        found = rule(
            Facts(
                now_s,
                ha=replace(WELL, events=count),
                domains={"sensor": count},
                entities=(("sensor.a", count),),
            )
        )
        told.append((minute, keys(found)))
    names = [
        "rate_high:state_changed",
        "rate_high:state_changed sensor",
        "rate_high:sensor.a",
    ]
    assert [(minute, found) for minute, found in told if found] == [
        (22, names),
        (23, names),
    ]


def test_a_reconnect_is_no_anomaly() -> None:
    """The states that come at connect are not a burst."""
    rule = RateRule(100)
    count = 0
    for minute in range(60):
        connects = 1 + minute // 10
        count += 5000 if minute % 10 == 0 else 60
        home = replace(WELL, events=count, connects=connects)
        assert keys(rule(Facts(minute * 60.0, ha=home))) == []


@pytest.mark.parametrize(("rejected", "found"), [(10, []), (11, ["rejections"])])
def test_rejections(rejected: int, found: list[str]) -> None:
    """More than one in a hundred within five minutes; over when they are old."""
    rule = Gained()
    assert keys(rule(Facts(0.0))) == []
    facts = Facts(10.0, received=1000, rejected=rejected)
    assert keys(rule(facts)) == found
    assert keys(rule(replace(facts, now_s=200.0))) == found
    assert keys(rule(replace(facts, now_s=320.0))) == []


def test_a_time_in_which_nothing_could_run_is_nobodys_silence() -> None:
    """After hiq itself was stopped for an hour, nobody is silent or stuck."""
    silence, progress = HomeSilence(60.0), Progress()
    silences = Silences(most=10, least_s=60.0, learn_s=0.0, expected={"sensor.b": 60.0})
    facts = Facts(0.0, ha=WELL, sinks=(SinkFacts("db", pending=5),))
    for tick in range(100):
        home = replace(WELL, events=tick)
        facts = replace(
            facts, now_s=tick * 10.0, ha=home, entities=(("sensor.b", tick),)
        )
        for rule in (silence, silences):
            assert keys(rule(facts)) == []
    assert keys(progress(facts)) == []
    woken = replace(facts, now_s=facts.now_s + 3600.0, late=True)
    for rule in (silence, silences, progress):
        assert keys(rule(woken)) == []
        assert keys(rule(replace(woken, now_s=woken.now_s + 10.0, late=False))) == []


def test_broken_contracts() -> None:
    """Told by name from the first violation on, until five minutes bring no other."""
    rule = Broken()
    assert keys(rule(Facts(0.0, violations={"a": 0, "b": 0}))) == []
    facts = Facts(10.0, violations={"a": 1, "b": 0})
    assert keys(rule(facts)) == ["contract_broken:a"]
    assert keys(rule(replace(facts, now_s=300.0))) == ["contract_broken:a"]
    assert keys(rule(replace(facts, now_s=310.0))) == []
    assert keys(rule(replace(facts, now_s=320.0, violations={"a": 0}))) == []
    assert keys(rule(replace(facts, now_s=330.0, violations={"a": 2}))) == [
        "contract_broken:a"
    ]


def test_reconnects() -> None:
    """More than five in five minutes."""
    rule = Gained()
    assert keys(rule(Facts(0.0))) == []
    assert keys(rule(Facts(10.0, ha=HaFacts(reconnects=5)))) == []
    assert keys(rule(Facts(20.0, ha=HaFacts(reconnects=6)))) == ["reconnects"]
    assert keys(rule(Facts(330.0, ha=HaFacts(reconnects=6)))) == []
