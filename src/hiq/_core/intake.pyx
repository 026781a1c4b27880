"""Frames in: each is read whole, its messages are judged one by one, its lines become
visible together.

Messages that are no state events are handed back as they came. It knows neither
where frames come from nor who takes the lines.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

from hiq._core.event cimport Event
from hiq._core.frame cimport read_frame, tape_free, tape_trim
from hiq._core.line cimport Encoder
from hiq._core.refusal cimport Refusal
from hiq._core.ring cimport Ring
from hiq._core.span cimport MAP
from hiq._core.status cimport Status
from hiq._core.tap cimport Tap
from hiq._core.verdict cimport Tally


cdef class Intake:
    """Fills a ring, and the encoder's others, through an encoder.

    `high_water`: bytes of lines beyond which they should be taken. `tap` may be set
    and removed between two frames.
    """

    # construction

    def __cinit__(
        self, Encoder encoder, Ring ring, Refusal refusal, size_t high_water
    ):
        self._encoder = encoder
        self._ring = ring
        self._refusal = refusal
        self._high_water = high_water

    def __dealloc__(self):
        tape_free(&self._tape)

    # hot path

    cdef list take(
        self, const uint8_t* base, size_t length, bint snapshot, Tally* tally
    ):
        """Read a frame whole, judge its messages one by one, add to the tally.

        Returns the messages that are no state events, None without any.
        """
        cdef Tally before = tally[0]
        cdef Tap tap = self.tap
        cdef Py_ssize_t tapped = 0 if tap is None else len(tap._found)
        cdef list passed = None
        cdef Status status
        tape_trim(&self._tape)
        status = read_frame(&self._tape, base, length, self._encoder.entities)
        tally.frames += 1
        tally.bytes += length
        if status == Status.OK:
            status = self._judge(base, snapshot, tally)
            if self._passed is not None:
                passed, self._passed = self._passed, None
            if status == Status.OK:
                self._ring.commit()
                if self._encoder.has_others:
                    self._encoder.schemas.commit()
                return passed
            if tap is not None:
                tap.cut(tapped)
            self._ring.roll_back()
            if self._encoder.has_others:
                self._encoder.schemas.roll_back()
            self._encoder.roll_back()
        if status == Status.NO_MEMORY:
            tally[0] = before
            raise MemoryError
        tally.unreadable += 1
        self._refusal.add(status, base, length)
        return None

    cdef Status _judge(
        self, const uint8_t* base, bint snapshot, Tally* tally
    ) noexcept:
        """Judge the messages of a valid frame; NO_MEMORY or OK."""
        cdef Event* event
        cdef Status status
        cdef size_t start
        cdef size_t i
        cdef Ring ring = self._ring
        cdef Tap tap = None if snapshot else self.tap
        if not self._encoder.begin(self._tape.event_count):
            return Status.NO_MEMORY
        for i in range(self._tape.event_count):
            event = &self._tape.events[i]
            if not event.is_state:
                if not self._pass_on(base, event, tally):
                    return Status.NO_MEMORY
                continue
            tally.events += 1
            if self._refusal.inspect is not None and not snapshot:
                if self._refusal.objects(base, event):
                    tally.rejected += 1
                    continue
            start = ring.lines.length
            status = self._encoder.encode(
                base, event, &self._tape, snapshot, &ring.lines
            )
            if ring.lines.length > start and not ring.add(
                start, self._encoder.writer.series, self._encoder.time_ns
            ):
                return Status.NO_MEMORY
            if status == Status.OK:
                tally.points += 1
            elif status == Status.FILTERED:
                tally.filtered += 1
            elif status == Status.SKIPPED:
                tally.skipped += 1
            elif status == Status.DUPLICATE:
                tally.duplicates += 1
            elif status == Status.NO_MEMORY:
                return status
            else:
                tally.rejected += 1
                self._refusal.add(status, base + event.start, event.length)
            if tap is not None and status in (Status.OK, Status.SKIPPED):
                if not tap.take(base, event, self._encoder.entities):
                    return Status.NO_MEMORY
        return Status.OK

    cdef bint _pass_on(
        self, const uint8_t* base, const Event* event, Tally* tally
    ) noexcept:
        """Keep a message that is no state event; False without memory."""
        cdef const uint8_t* at = base + event.start
        if event.message.kind != MAP:
            tally.unreadable += 1
            self._refusal.add(Status.NOT_AN_OBJECT, at, event.length)
            return True
        try:
            if self._passed is None:
                self._passed = []
            self._passed.append(
                PyBytes_FromStringAndSize(<const char*> at, event.length)
            )
        except MemoryError:
            return False
        return True

    cdef bint is_full(self) noexcept nogil:
        """Whether the lines should be taken before the next frame."""
        return self.held() > self._high_water

    cdef size_t held(self) noexcept nogil:
        """Bytes of the lines of all schemas."""
        cdef size_t length = self._ring.lines.length
        if self._encoder.has_others:
            length += self._encoder.schemas.buffered_bytes()
        return length
