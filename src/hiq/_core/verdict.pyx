"""What the core says about one frame.

Once per frame, never per event. Most frames have the same said of them, so what was
said lately is said again: a verdict cannot be changed. It knows nothing of JSON or line
protocol.
"""

from dataclasses import dataclass

from libc.stdint cimport uint64_t


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What became of one frame.

    - `events == points + filtered + skipped + duplicates + rejected events`;
    - a frame that is not valid JSON has `rejected == 1` and `events == 0`;
    - `passed`: the messages that are not state events, each as bytes, in order;
    - `full`: the buffer is above its high-water mark, take before the next feed.
    """

    # construction

    events: int
    points: int
    filtered: int
    skipped: int
    rejected: int
    duplicates: int
    full: bool
    _passed: object = None

    @property
    def passed(self):
        """The messages that are not state events, each as bytes, in order."""
        return [] if self._passed is None else self._passed

    def __repr__(self):
        return (
            f"Verdict(events={self.events}, points={self.points}, "
            f"filtered={self.filtered}, skipped={self.skipped}, "
            f"rejected={self.rejected}, duplicates={self.duplicates}, "
            f"passed={len(self.passed)}, full={self.full})"
        )


cdef class Verdicts:
    """Those that were given lately."""

    # construction

    def __cinit__(self):
        self._made = [None] * KEPT

    # hot path

    cdef object of(self, const Tally* tally, bint full, list passed):
        """Return the verdict on a frame of which this is the tally."""
        cdef uint64_t rejected = tally.rejected + tally.unreadable
        cdef uint64_t all_of_them = (
            tally.events | tally.points | tally.filtered | tally.skipped
            | tally.duplicates | rejected
        )
        cdef uint64_t key
        cdef size_t place
        if passed is None and all_of_them < 256:
            key = (
                tally.events | tally.points << 8 | tally.filtered << 16
                | tally.skipped << 24 | tally.duplicates << 32 | rejected << 40
                | <uint64_t> full << 48 | <uint64_t> 1 << 63
            )
            place = key * <uint64_t> 0x9E3779B97F4A7C15 >> 58
            if self._keys[place] != key:
                self._made[place] = made(tally, rejected, full, None)
                self._keys[place] = key
            return self._made[place]
        return made(tally, rejected, full, passed)


cdef object made(const Tally* tally, uint64_t rejected, bint full, list passed):
    """Make a verdict."""
    return Verdict(
        tally.events, tally.points, tally.filtered, tally.skipped, rejected,
        tally.duplicates, full, passed,
    )
