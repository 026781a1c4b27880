"""Which question to ask the recorder next: entities by time, in bounded pieces.

Nobody knows how many rows a window holds before it is asked for. So windows and
groups of entities begin small, grow while answers are small and shrink when they are
big. A window is done when every entity was asked for it, and windows go from old to
new, so that one time says how far it has come. Pure: no clock, no connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TARGET_BYTES", "Plan", "Question"]

TARGET_BYTES: Final = 2 * 1024 * 1024
"""Answers of about this size: some 10,000 rows."""
FIRST_SPAN_US: Final = 600 * 1_000_000
LEAST_SPAN_US: Final = 1_000_000
FIRST_GROUP: Final = 50
MOST_QUESTIONS: Final = 8
"""Questions for one window before windows become shorter."""


@dataclass(frozen=True, slots=True)
class Question:
    """Rows of these entities with `after_us < time <= until_us`."""

    entity_ids: Sequence[str]
    after_us: int
    until_us: int


class Plan:
    """The questions for one span of time.

    - Call `next`, ask, then `answered` with the size of the answer, or `too_big` if
      it could not be had whole; None from `next` is the end.
    - `done_us`: up to there every entity was asked.
    """

    def __init__(
        self,
        entity_ids: Sequence[str],
        after_us: int,
        until_us: int,
        *,
        window_us: int,
        target_bytes: int = TARGET_BYTES,
    ) -> None:
        self._entity_ids = list(entity_ids)
        self._until_us = until_us
        self._longest_us = max(window_us, LEAST_SPAN_US)
        self._span_us = min(FIRST_SPAN_US, self._longest_us)
        self._group = FIRST_GROUP
        self._target = target_bytes
        self._asked = self._questions = self._biggest = 0
        self.done_us = self._from_us = self._end_us = after_us
        self._step_us = self._span_us
        self._begin(after_us)

    def next(self) -> Question | None:
        """Return the next question, the same again until it is answered."""
        if not self._entity_ids or self.done_us >= self._until_us:
            self.done_us = max(self.done_us, self._until_us)
            return None
        group = self._entity_ids[self._asked : self._asked + self._group]
        end_us = min(self._from_us + self._step_us, self._end_us)
        return Question(group, self._from_us, end_us)

    def answered(self, size: int) -> None:
        """Go on; `size` is that of the answer in bytes."""
        self._questions += 1
        self._biggest = max(self._biggest, size)
        self._from_us += self._step_us
        if self._from_us < self._end_us:
            return
        self._asked += self._group
        self._from_us, self._step_us = self.done_us, self._span_us
        if size > self._target:
            self._group = max(1, self._group // 2)
        elif size < self._target // 4:
            self._group = min(len(self._entity_ids), self._group * 2)
        if self._asked >= len(self._entity_ids):
            self._end_window()

    def too_big(self) -> bool:
        """Ask for less; False if it is the least already.

        First for fewer entities, then for one entity in shorter steps: entities
        that were asked for this window are not asked for it again.
        """
        if self._group > 1:
            self._group = max(1, self._group // 4)
            return True
        if self._step_us <= LEAST_SPAN_US:
            return False
        self._step_us = max(LEAST_SPAN_US, self._step_us // 4)
        return True

    def _begin(self, after_us: int) -> None:
        """Begin a window."""
        self.done_us = self._from_us = after_us
        self._end_us = min(after_us + self._span_us, self._until_us)
        self._step_us = self._span_us
        self._asked = self._questions = self._biggest = 0

    def _end_window(self) -> None:
        """Choose the length of the next window by how this one went."""
        alone = self._questions == 1
        if alone and self._biggest < self._target // 4:
            self._span_us = min(self._longest_us, self._span_us * 2)
        elif self._questions > MOST_QUESTIONS or (
            alone and self._biggest > self._target
        ):
            self._span_us = max(LEAST_SPAN_US, self._span_us // 2)
        self._begin(self._end_us)
