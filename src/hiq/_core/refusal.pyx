"""What a pipeline refuses: samples of it, and whole originals for who keeps them.

It also asks who inspects events, if there is anybody: a strict level refuses what is
only odd, and what is odd is known in Python. Nothing here is reached by a good event
unless it is inspected.
"""

from collections import deque

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

from hiq._core.event cimport Event
from hiq._core.span cimport MAP
from hiq._core.status cimport Status

from hiq._core.status import Status as Reason

cdef enum:
    MAX_SAMPLES = 64
    SAMPLE_BYTES = 200
    KEEP_BYTES = 4 * 1024 * 1024


cdef class Refusal:
    """The newest refused events; at most 4 MiB of originals wait to be fetched."""

    # construction

    def __cinit__(self):
        self._samples = deque(maxlen=MAX_SAMPLES)
        self._kept = []

    # hot path

    cdef void add(self, Status status, const uint8_t* at, size_t length) noexcept:
        """Keep what was refused, if there is memory for it."""
        self.note(Reason(<int> status).name, at, length)

    cdef void note(self, object reason, const uint8_t* at, size_t length) noexcept:
        """Keep what was refused for a reason that the core does not know."""
        cdef size_t shown = min(length, <size_t> SAMPLE_BYTES)
        try:
            sample = PyBytes_FromStringAndSize(<const char*> at, shown)
            self._samples.append((reason, sample))
            if not self.keeps:
                return
            if self._bytes + length > KEEP_BYTES:
                self.dropped += 1
                return
            whole = PyBytes_FromStringAndSize(<const char*> at, length)
            self._kept.append((reason, whole))
            self._bytes += length
        except MemoryError:
            pass

    cdef bint objects(self, const uint8_t* base, const Event* event) noexcept:
        """Whether who inspects events refuses one; it is kept then."""
        if event.event.kind != MAP:
            return False
        try:
            reason = self.inspect(
                PyBytes_FromStringAndSize(
                    <const char*> base + event.event.start, event.event.length
                )
            )
        except Exception:
            return False  # who inspects must not fail, and does not stop anything
        if not reason:
            return False
        self.note(reason, base + event.start, event.length)
        return True

    # export

    def samples(self):
        """Return the newest refused events, newest last: reason and first bytes."""
        return list(self._samples)

    def taken(self):
        """Return what was kept since the last call, reason and whole, and forget it."""
        found, self._kept = self._kept, []
        self._bytes = 0
        return found
