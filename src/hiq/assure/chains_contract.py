"""The chains of one contract: which event belongs to which, and what is wrong with it.

Called by the engine, which knows the time. A chain that has ended is remembered for a
while, so that what comes too late is told from what begins anew.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hiq.assure.chains_answers import Questions
from hiq.assure.chains_order import Orders, Progress
from hiq.assure.chains_report import Reporter
from hiq.assure.chains_state import NEVER, Chain
from hiq.assure.contracts import Code, Violation
from hiq.assure.contracts_events import first_of, reader_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.assure.chains_answers import Excuse
    from hiq.assure.contracts import Contract
    from hiq.assure.contracts_events import Occurrence

__all__ = ["Follower"]

COMPLETE: Final = "complete"
BROKEN: Final = "broken"


Schedule: TypeAlias = "Callable[[Follower, Chain, float], object]"


class Follower:
    """Follows the chains of one contract.

    - `chains`: those that are open, by key, the oldest first.
    - `opened`, `completed`, `interrupted`, `evicted`, `late`: counts.
    """

    def __init__(
        self,
        contract: Contract,
        schedule: Schedule,
        most_open: int,
        most_ended: int,
        excuse: Excuse,
    ) -> None:
        self.contract = contract
        self.chains: OrderedDict[str, Chain] = OrderedDict()
        self._report = Reporter(contract)
        self.opened = self.completed = self.interrupted = 0
        self.evicted = self.late = self.uncorrelated = 0
        self._schedule = schedule
        self._most_open = most_open
        self._most_ended = most_ended
        self._excuse = excuse
        # How each ended; by silence: how far it was, for it may go on.
        self._ended: OrderedDict[str, str | Progress] = OrderedDict()
        self._blind_until_s = -NEVER
        self._questions = Questions(contract.answers)
        self._orders = Orders(contract)
        self._steps = {step.event for step in contract.steps}
        self._paths = tuple(map(reader_of, contract.correlate_by))
        self._where = tuple((reader_of(path), text) for path, text in contract.where)
        self._pair_keys = [tuple(map(reader_of, pair.key)) for pair in contract.pairs]
        self._pair_limits = [contract.max_open.get(p.open) for p in contract.pairs]

    # which chain

    def key_of(self, one: Occurrence) -> str | None:
        """Return the chain that an event belongs to, None if it concerns none.

        An event that opens a chain names it by the first path that it has; any other
        belongs to the first chain that is known under one of its paths.
        """
        for read_value, text in self._where:
            if first_of((read_value,), one) != text:
                return None
        contract = self.contract
        if one.event_type != contract.opens_with:
            for read_value in self._paths:
                key = first_of((read_value,), one)
                if key is not None and self._is_known(key):
                    return key
            if contract.ignore_unopened:
                return None
        key = first_of(self._paths, one)
        if key is None:
            self.uncorrelated += 1
        return key

    def _is_known(self, key: str) -> bool:
        """Whether a chain is open, or was, so that an event may belong to it."""
        if key in self.chains:
            return True
        ended = self._ended.get(key)
        return ended is not None and not (
            self.contract.ignore_unopened and ended is COMPLETE
        )

    # events

    def take(self, key: str, one: Occurrence, now_s: float) -> list[Violation]:
        """Take an event of a chain."""
        chain = self.chains.get(key)
        opens = one.event_type == self.contract.opens_with
        if chain is None:
            ended = None if opens else self._ended.get(key)
            if isinstance(ended, str):
                return self._after(key, ended, one)
            if ended is None and not opens and now_s < self._blind_until_s:
                self._remember(key, BROKEN)
                self.interrupted += 1
                return []
            chain = self._open(key, now_s, ended)
        found = self._too_short(chain, one)
        chain.note(one, now_s)
        chain.fresh_s = NEVER
        fault = self._judge(chain, one, now_s)
        if fault is not None:
            found.append(fault)
        elif one.event_type in self.contract.terminal:
            self._end(chain, COMPLETE)
        else:
            self._schedule(self, chain, chain.soonest_s(self.contract))
        return found

    def repeated(self, key: str, one: Occurrence, now_s: float) -> Violation:
        """Set aside an event that was here already."""
        chain = self.chains.get(key)
        message = f"{one.event_type} came twice, the same to the last byte"
        if chain is not None:
            return self._tell(
                chain, Code.DUPLICATE, one.event_type, message, now_s, one
            )
        return self._report(key, Code.DUPLICATE, one.event_type, message, one)

    def _judge(self, chain: Chain, one: Occurrence, now_s: float) -> Violation | None:
        """Return the fault that an event is, None if it is none."""
        event, contract = one.event_type, self.contract
        if event not in self._steps and event in contract.terminal:
            if contract.opens_with in chain.progress.seen:
                return None  # it ends the chain from anywhere, open pairs included
            return self._unopened(chain, now_s)
        fault = self._pairs(chain, one, now_s)
        if fault is not None:
            return fault
        was_seen = event in chain.progress.seen
        if event in self._steps and not self._orders.take(chain.progress, event):
            when = "a second time" if was_seen else "too late"
            words = f"{event} came {when}, after {chain.before or 'others'}"
            return self._break(chain, Code.OUT_OF_ORDER, event, words, now_s)
        asked = self._questions.take(chain.demands, one, now_s)
        if asked is not None:
            chain.fresh_s = min(chain.fresh_s, asked.due_s)
        if event in contract.terminal:
            return self._incomplete(chain, now_s)
        return None

    def _pairs(self, chain: Chain, one: Occurrence, now_s: float) -> Violation | None:
        for number, pair in enumerate(self.contract.pairs):
            if one.event_type not in {pair.open, pair.close}:
                continue
            key = first_of(self._pair_keys[number], one) or ""
            limit_s = self._pair_limits[number]
            if one.event_type == pair.open:
                if not chain.open(number, key, now_s, limit_s):
                    self.evicted += 1
            elif not chain.close(number, key, limit_s):
                if chain.has_open(number):
                    code, words = Code.PAIR_KEY_MISMATCH, f"another {pair.open} is open"
                else:
                    code, words = Code.CLOSE_WITHOUT_OPEN, f"no {pair.open} is open"
                message = f"{pair.close} of {key!r}, but {words}"
                return self._break(chain, code, pair.close, message, now_s)
        return None

    def _incomplete(self, chain: Chain, now_s: float) -> Violation | None:
        """Return what is missing in a chain that has ended."""
        contract = self.contract
        if contract.opens_with not in chain.progress.seen:
            return self._unopened(chain, now_s)
        if chain.opens:
            number, key = next(iter(chain.opens))
            pair = contract.pairs[number]
            message = f"{pair.open} of {key!r} was not followed by {pair.close}"
            return self._break(chain, Code.MISSING_STEP, pair.close, message, now_s)
        missing = self._orders.missing(chain.progress)
        if not missing:
            return None
        message = f"it ended without {', '.join(missing)}"
        return self._break(chain, Code.MISSING_STEP, missing[0], message, now_s)

    def _unopened(self, chain: Chain, now_s: float) -> Violation:
        step = self.contract.opens_with
        message = f"it has events but no {step}"
        return self._break(chain, Code.MISSING_STEP, step, message, now_s)

    def _too_short(self, chain: Chain, one: Occurrence) -> list[Violation]:
        least_s = self.contract.min_duration.get(chain.last_type)
        if least_s is None or one.time_s is None or chain.last_fired_s is None:
            return []
        took_s = one.time_s - chain.last_fired_s
        if took_s >= least_s - 1e-6:
            return []
        message = f"{chain.last_type} took {took_s:.3f} s, at least {least_s:g} s"
        return [
            self._tell(
                chain, Code.TOO_SHORT, chain.last_type, message, chain.last_s, one
            )
        ]

    def _after(self, key: str, ended: str, one: Occurrence) -> list[Violation]:
        """Take an event of a chain that has ended."""
        if ended == BROKEN:
            self.late += 1
            return []
        self._remember(key, BROKEN)
        message = f"{one.event_type} came after the chain had ended"
        code = Code.AFTER_TERMINAL
        return [self._report(key, code, one.event_type, message, one)]

    # time

    def at_limit(self, chain: Chain, due_s: float) -> list[Violation]:
        """Judge a chain that has reached a limit; it was due at that time."""
        contract = self.contract
        if due_s == chain.answer_due_s():
            return self._unanswered(chain, due_s)
        open_s, number = chain.open_due_s(contract)
        if due_s == open_s:
            pair = contract.pairs[number]
            limit_s = contract.max_open[pair.open]
            message = f"{pair.open} was open for {limit_s:g} s without {pair.close}"
            code = Code.OPEN_TOO_LONG
            return [self._break(chain, code, pair.open, message, due_s)]
        if contract.opens_with not in chain.progress.seen:
            return [self._unopened(chain, due_s)]
        if due_s == chain.idle_due_s(contract):
            fault = self._incomplete(chain, due_s)
            if fault is None:
                self._end(chain, chain.progress)
            return [] if fault is None else [fault]
        return [self._overdue(chain, due_s)]

    def _overdue(self, chain: Chain, due_s: float) -> Violation:
        """Return which limit of time a chain has passed."""
        contract = self.contract
        if due_s == chain.gap_due_s(contract):
            waited = f"{contract.max_gap:g} s after {chain.last_type}"
            step = None if chain.opens else self._orders.waits_for(chain.progress)
            if step is not None:
                message = f"{step} had not come {waited}"
                return self._break(chain, Code.MISSING_STEP, step, message, due_s)
            message = f"nothing had come {waited}"
            code = Code.GAP_EXCEEDED
            return self._break(chain, code, chain.last_type, message, due_s)
        message = f"it had not ended after {contract.max_total:g} s"
        return self._break(chain, Code.TOTAL_EXCEEDED, chain.last_type, message, due_s)

    def _unanswered(self, chain: Chain, due_s: float) -> list[Violation]:
        """Return who should have answered by now, one violation for each question."""
        found = []
        for demand in [one for one in chain.demands if one.due_s <= due_s]:
            chain.demands.remove(demand)
            message = demand.silent(self._excuse)
            if message:
                step, code = demand.rule.answer, Code.NOT_ANSWERED
                found.append(self._tell(chain, code, step, message, due_s))
        return found

    # begin and end

    def reset(self, now_s: float) -> int:
        """Forget all open chains unjudged; what began before now is not judged."""
        contract, count = self.contract, len(self.chains)
        for chain in self.chains.values():
            chain.end()
        self.chains.clear()
        self._ended.clear()
        self.interrupted += count
        limits = (contract.max_total, contract.max_gap, contract.complete_after_idle)
        self._blind_until_s = now_s + max(filter(None, limits), default=0.0)
        return count

    def _open(self, key: str, now_s: float, before: Progress | None) -> Chain:
        """Begin a chain, or go on with one that had been silent for so long."""
        if len(self.chains) >= self._most_open:
            _, oldest = self.chains.popitem(last=False)
            oldest.end()
            self.evicted += 1
        self._ended.pop(key, None)
        if before is None:
            self.opened += 1
        else:
            self.completed -= 1
        chain = Chain(key, before or self._orders.begin(), now_s, now_s)
        self.chains[key] = chain
        return chain

    def _end(self, chain: Chain, how: str | Progress) -> None:
        chain.end()
        del self.chains[chain.key]
        self._remember(chain.key, how)
        self.completed += how is not BROKEN

    def _remember(self, key: str, how: str | Progress) -> None:
        self._ended.pop(key, None)
        if len(self._ended) >= self._most_ended:
            self._ended.popitem(last=False)
        self._ended[key] = how

    def _break(
        self, chain: Chain, code: Code, step: str, message: str, now_s: float
    ) -> Violation:
        """End a chain that is broken."""
        found = self._tell(chain, code, step, message, now_s)
        self._end(chain, BROKEN)
        return found

    def _tell(  # noqa: PLR0917  what is said, in the order of the record
        self,
        chain: Chain,
        code: Code,
        step: str,
        message: str,
        now_s: float,
        one: Occurrence | None = None,
    ) -> Violation:
        after_s = now_s - chain.began_s
        last = one or chain.last
        return self._report(chain.key, code, step, message, last, chain.events, after_s)

    def figures(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "open": len(self.chains),
            "opened": self.opened,
            "completed": self.completed,
            "violations": dict(self._report.counts),
            "interrupted": self.interrupted,
            "evicted": self.evicted + self._questions.too_many,
            "late": self.late,
            "uncorrelated": self.uncorrelated,
        }
