"""One chunk of the journal on its way into a database, with what became of its parts.

What the database finds too big or refuses is halved until the bad line stands alone;
that one is put aside as a dead letter. But where a line of usual size alone is too big,
no line is to blame: a server, or a proxy before it, takes nothing at all. It knows the
outcomes, and neither when to send nor what a line means.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hiq.deadletters import DeadLetter
from hiq.packing import compress
from hiq.sink import coerce
from hiq.sink.base import Batch, Done, Hold, Outcome, Refused, Retry, TooBig

if TYPE_CHECKING:
    from hiq.journal.chunk import Chunk
    from hiq.sink.coerce import Coercer

__all__ = ["USUAL_BYTES", "Flight"]

USUAL_BYTES = 64 * 1024
"""Compressed bytes of a line that every server takes in a request of its own."""
ADVICE = (
    "the server, or a proxy in front of it, takes not even one line; "
    "raise its limit on the size of a request (nginx: client_max_body_size, "
    "InfluxDB: max-body-size)"
)


class Flight:
    """A chunk under way.

    - `batch`: what is to be sent next; None: every line is confirmed or in `dead`.
    - After calling `note` with the outcome of that batch: the next one is due, or
      the same again. Not for Refused and TooBig: these call for `mend`.
    - `maybe_stored`: the database may have the present batch already.
    - `taken`: somebody carries it. `landed`: it is at its end, letters included.
    """

    __slots__ = (
        "_coercer",
        "_todo",
        "chunk",
        "dead",
        "landed",
        "maybe_stored",
        "taken",
    )

    def __init__(self, chunk: Chunk, coercer: Coercer | None = None) -> None:
        self.chunk = chunk
        self.dead: list[DeadLetter] = []
        self.maybe_stored = False
        self.taken = False
        self.landed = False
        whole = Batch(chunk.body, chunk.points, chunk.first_ns, chunk.last_ns)
        self._todo = [whole]
        self._coercer = coercer

    @property
    def batch(self) -> Batch | None:
        """The part that is to be sent next."""
        return self._todo[-1] if self._todo else None

    def meant(self, outcome: Outcome) -> Outcome:
        """Return what an outcome of the present batch says: of it, or of the server."""
        batch = self._todo[-1]
        alone = batch.points == 1 and len(batch.body) <= USUAL_BYTES
        if alone and isinstance(outcome, TooBig):
            return Hold(outcome.reason, ADVICE)
        return outcome

    def note(self, outcome: Outcome) -> None:
        """Take an outcome of the present batch."""
        self.maybe_stored = isinstance(outcome, Retry) and outcome.sent
        if isinstance(outcome, Done):
            self._todo.pop()

    def mend(self, outcome: Refused | TooBig, now_s: float, sink: str) -> bool:
        """Put what may go better in the place of the present batch.

        That is the batch with other names for fields of the wrong type, if there is a
        coercer and that is the matter, else its halves. False: a single line, dead.
        Blocks for as long as it takes to unpack and pack them.
        """
        self.maybe_stored = False
        batch = self._todo[-1]
        if self._coercer is not None and isinstance(outcome, Refused):
            mended = self._coercer.mend(batch.lines(), outcome.reason)
            if mended is not None:
                self._todo[-1] = replace(batch, body=compress(mended))
                return True
        halves = _halve(batch)
        self._todo.pop()
        self._todo += reversed(halves)
        if not halves:
            line = batch.lines().removesuffix(b"\n")
            typed = coerce.conflict(outcome.reason) is not None
            advice = coerce.ADVICE if typed and self._coercer is None else ""
            self.dead.append(DeadLetter(line, outcome.reason, now_s, sink, advice))
        return bool(halves)


def _halve(batch: Batch) -> list[Batch]:
    """Return two batches of half the lines each; none if it is a single line."""
    lines = batch.lines().removesuffix(b"\n").split(b"\n")
    middle = len(lines) // 2
    if not middle:
        return []
    return [
        Batch(
            compress(b"\n".join(part) + b"\n"),
            len(part),
            batch.first_ns,
            batch.last_ns,
        )
        for part in (lines[:middle], lines[middle:])
    ]
