"""The machine of connection states."""

import itertools

import pytest

from hiq.errors import TransitionError
from hiq.ha.states import HISTORY, LEGAL, ConnectionState, States

S = ConnectionState
TABLE = {
    (S.DISCONNECTED, S.CONNECTING),
    (S.CONNECTING, S.AUTHENTICATING),
    (S.CONNECTING, S.FAILED),
    (S.AUTHENTICATING, S.CONNECTED),
    (S.AUTHENTICATING, S.FAILED),
    (S.CONNECTED, S.RECONNECTING),
    (S.RECONNECTING, S.CONNECTING),
    (S.RECONNECTING, S.FAILED),
    (S.FAILED, S.RECONNECTING),
} | {(state, S.DISCONNECTED) for state in S if state is not S.DISCONNECTED}
WAY = {
    S.DISCONNECTED: [],
    S.CONNECTING: [S.CONNECTING],
    S.AUTHENTICATING: [S.CONNECTING, S.AUTHENTICATING],
    S.CONNECTED: [S.CONNECTING, S.AUTHENTICATING, S.CONNECTED],
    S.RECONNECTING: [S.CONNECTING, S.FAILED, S.RECONNECTING],
    S.FAILED: [S.CONNECTING, S.FAILED],
}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(S, S)))
def test_only_the_transitions_of_the_table_are_possible(old, new):
    """Every pair of states is legal, a no-op, or an error that changes nothing."""
    states = States(lambda: 1.0, lambda change: None)
    for state in WAY[old]:
        states.to(state)
    if old is new or (old, new) in TABLE:
        states.to(new)
        assert states.current is new
    else:
        with pytest.raises(TransitionError):
            states.to(new)
        assert states.current is old


def test_the_table_is_complete():
    """The table in the module holds exactly the transitions tested here."""
    assert {(old, new) for old, news in LEGAL.items() for new in news} == TABLE


def test_each_change_is_told_and_remembered_once():
    """A change is told with time and reason, a no-op is not."""
    told = []
    states = States(iter([1.0, 2.0]).__next__, told.append)
    states.to(S.CONNECTING, "try")
    states.to(S.CONNECTING, "again")
    states.to(S.FAILED, "refused")
    assert [(c.at, c.old, c.new, c.reason) for c in told] == [
        (1.0, S.DISCONNECTED, S.CONNECTING, "try"),
        (2.0, S.CONNECTING, S.FAILED, "refused"),
    ]
    assert list(states.history) == told


def test_the_history_is_bounded():
    """After many changes only the last ones are kept."""
    states = States(lambda: 0.0, lambda change: None)
    for _ in range(HISTORY):
        states.to(S.CONNECTING)
        states.to(S.DISCONNECTED)
    assert len(states.history) == HISTORY
    assert states.history[-1].new is S.DISCONNECTED
