"""Which question comes next: nothing twice, nothing left out, answers of one size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hiq.ha.history_plan import LEAST_SPAN_US, Plan

HOUR = 3_600_000_000


def walk(plan, size_of, limit=20_000):
    """Ask until the end; returns the questions that were answered."""
    asked = []
    for _ in range(limit):
        question = plan.next()
        if question is None:
            return asked
        assert question == plan.next()
        size = size_of(question)
        if size is None:
            assert plan.too_big()
            continue
        asked.append((question, plan.done_us))
        plan.answered(size)
    raise AssertionError("no end")


def names(count):
    """Ids of entities."""
    return [f"sensor.s{number}" for number in range(count)]


@given(
    st.integers(0, 9),
    st.integers(0, 90_000_000),
    st.integers(1, 60_000_000),
    st.lists(st.none() | st.integers(0, 10_000_000), min_size=1, max_size=40),
)
def test_every_entity_is_asked_for_every_instant_once(count, length, window, sizes):
    """However answers turn out, the questions tile entities and time exactly."""
    turn = iter(range(10**9))

    def size_of(question):
        size = sizes[next(turn) % len(sizes)]
        smallest = len(question.entity_ids) == 1 and (
            question.until_us - question.after_us <= LEAST_SPAN_US
        )
        return 1 if size is None and smallest else size

    start = 1_700_000_000_000_000
    plan = Plan(names(count), start, start + length, window_us=window)
    asked = walk(plan, size_of)
    assert plan.done_us == start + length
    spans: dict[str, int] = dict.fromkeys(names(count), start)
    for question, done in asked:
        assert done <= question.after_us
        for name in question.entity_ids:
            assert spans[name] == question.after_us
            spans[name] = question.until_us
    assert set(spans.values()) <= {start + length}


def test_an_empty_past_is_asked_for_in_whole_windows():
    """Where nothing is, windows grow to the longest and groups to all entities."""
    plan = Plan(names(500), 0, 240 * HOUR, window_us=HOUR)
    asked = walk(plan, lambda question: 2)
    assert len(asked) < 260
    longest = max(question.until_us - question.after_us for question, _ in asked)
    assert longest == HOUR


def test_a_busy_past_is_asked_for_in_small_pieces():
    """Where a lot is, answers come down to the target however it begins."""
    target = 1_000_000

    def size_of(question):
        seconds = (question.until_us - question.after_us) / 1e6
        return int(len(question.entity_ids) * seconds * 300)

    plan = Plan(names(200), 0, 2 * HOUR, window_us=HOUR, target_bytes=target)
    sizes = [size_of(question) for question, _ in walk(plan, size_of)]
    assert max(sizes[len(sizes) // 2 :]) <= 2 * target
    assert sum(sizes) / len(sizes) > target / 8


def test_what_cannot_be_less_is_told():
    """One entity for one second is the least; then the answer is no."""
    plan = Plan(names(100), 0, HOUR, window_us=HOUR)
    tries = 0
    while plan.too_big():
        tries += 1
        assert tries < 50
    question = plan.next()
    assert question is not None
    assert len(question.entity_ids) == 1
    assert question.until_us - question.after_us == LEAST_SPAN_US
