"""Who is told of a violation: clients, the log, databases, Home Assistant.

Each at its own pace: the log and Home Assistant once a minute for each contract and
code, a database in batches. What cannot be told is counted and never stops anything.
It must not know how violations are found.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from hiq import log
from hiq.contracted.points import violation_point
from hiq.deadletters import DeadLetter
from hiq.ha.commands import Command, Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hiq.assure.contracts import Violation
    from hiq.deadletters import DeadLetters
    from hiq.settings.schema import ContractsSettings

__all__ = ["EVENT", "Ask", "Reports", "body"]

logger = logging.getLogger("hiq.contracts")

EVENT: Final = "hiq_contract_violation"
NOTIFICATION: Final = "hiq_contract_"
REPEAT_S: Final = 60.0
MOST_WAITING: Final = 1000
SINK: Final = "contracts"
KIND: Final = "contracts"


class Extra(Protocol):
    """Takes finished lines for the databases; see `hiq.extra.ExtraPoints`."""

    def add(self, kind: str, lines: bytes, times_ns: Sequence[int]) -> bool:
        """Take them; False if there is no room."""
        ...


class Ask(Protocol):
    """Asks Home Assistant for something; False if that is not possible now."""

    def __call__(self, question: Question, /) -> bool:
        """Ask."""


def body(violation: Violation) -> dict[str, Any]:
    """Return a violation as clients and Home Assistant get it."""
    return {
        "contract": violation.contract,
        "correlation": violation.correlation,
        "code": str(violation.code),
        "step": violation.step,
        "message": violation.message,
        "events": list(violation.events),
    }


class Reports:
    """Tells violations.

    - `tell` is synchronous, and returns at once.
    - `await flush()`: what waits for the disk is there, or waits on.
    - `untold` counts what somebody did not get, by whom.
    """

    def __init__(
        self,
        settings: ContractsSettings,
        *,
        extra: Extra,
        letters: DeadLetters,
        in_thread: Callable[[Callable[[], object]], Awaitable[object]],
        to_clients: Callable[[bytes], object],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._extra = extra
        self._letters = letters
        self._in_thread = in_thread
        self._to_clients = to_clients
        self._clock = clock
        self._in_log = log.Throttle(REPEAT_S, monotonic)
        self._at_home = log.Throttle(REPEAT_S, monotonic)
        self._dead: deque[DeadLetter] = deque()
        self._last_ns = 0
        self.untold: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How much waits for the disk."""
        return len(self._dead)

    def tell(self, violation: Violation, ask: Ask) -> None:
        """Tell everybody, or let it wait for `flush`."""
        found = body(violation)
        self._to_clients(orjson.dumps(found))
        self._log(violation)
        self._tell_home(violation, found, ask)
        if self._settings.points:
            # Two in one nanosecond would be one point.
            self._last_ns = max(self._last_ns + 1, int(self._clock() * 1e6) * 1000)
            line = violation_point(self._last_ns, violation)
            if not self._extra.add(KIND, line, (self._last_ns,)):
                self.untold["points"] += 1
        if violation.source is not None:
            reason = f"{violation.contract}: {violation.code}: {violation.message}"
            letter = DeadLetter(violation.source, reason, self._clock(), SINK)
            if len(self._dead) >= MOST_WAITING:
                self._dead.popleft()
                self.untold["dead_letters"] += 1
            self._dead.append(letter)

    async def flush(self) -> None:
        """Write what is to be kept; what the disk does not take waits on, bounded."""
        dead = list(self._dead)
        if not dead:
            return
        try:
            await self._in_thread(lambda: self._letters.append(dead))
        except OSError as exc:
            if self._in_log.allow("dead letters") is not None:
                logger.warning("dead letters of contracts wait: %s", exc)
            return
        # Meanwhile more may have come, or some may have gone.
        done = set(map(id, dead))
        while self._dead and id(self._dead[0]) in done:
            self._dead.popleft()

    # inside

    def _log(self, violation: Violation) -> None:
        suppressed = self._in_log.allow((violation.contract, violation.code))
        if suppressed is None:
            return
        logger.log(
            logging.INFO if violation.is_warning else logging.WARNING,
            "contract %s: %s",
            violation.contract,
            violation.message,
            extra={
                "code": str(violation.code),
                "correlation": violation.correlation,
                **({"suppressed": suppressed} if suppressed else {}),
            },
        )

    def _tell_home(self, violation: Violation, found: Any, ask: Ask) -> None:
        if self._settings.tell == "nobody":
            return
        if self._at_home.allow((violation.contract, violation.code)) is None:
            return
        if self._settings.tell == "event":
            arguments = (("event_type", EVENT), ("event_data", found))
            question = Question(Command.FIRE_EVENT, arguments)
        else:
            question = Question(
                Command.CALL_SERVICE,
                (
                    ("domain", "persistent_notification"),
                    ("service", "create"),
                    (
                        "service_data",
                        {
                            "title": f"hiq: contract {violation.contract}",
                            "message": f"{violation.code}: {violation.message}",
                            # The next one of this contract takes its place.
                            "notification_id": NOTIFICATION + violation.contract,
                        },
                    ),
                ),
            )
        if not ask(question):
            self.untold["home_assistant"] += 1
