"""The compiled listener: text frames go from picows' buffer straight into the core.

Between the two no Python object is made and nothing is copied. What became of the
frames is summed up in C and told once per read of the socket. Every frame that is not
a whole text message, and every one while the owner does not want it so, goes to the
owner as it does from `listening.PlainListener`. It is bound to the declarations of one
picows: see `listening`, which decides whether it may be used.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from picows.picows cimport WSFrame, WSListener, WSMsgType, WSTransport

from hiq._core.buffer cimport Buffer, buffer_free, put, reserve
from hiq._core.intake cimport Intake
from hiq._core.pipeline cimport Pipeline
from hiq._core.verdict cimport Tally

cdef extern from *:
    const char* HIQ_PICOWS_PXD

cdef extern from "<string.h>":
    void* memmem(const void*, size_t, const void*, size_t) noexcept nogil

DECLARATIONS = HIQ_PICOWS_PXD.decode("ascii")
"""SHA-256 of the `picows.pxd` that this was compiled with."""

cdef size_t MAX_HELD = 32 * 1024
"""Bytes of frames that wait for one another; then they are read."""
cdef size_t MAX_HELD_FRAME = 8 * 1024
cdef size_t REST_BYTES = 48 * 1024
cdef size_t REST_FRAMES = 32
"""What comes in a rest must be well below the room that a socket has, where the kernel
counts a KiB or two for each frame whatever its size: else the sender has to wait and the
last ones come behind the flush."""
cdef size_t WORTH_FRAMES = 2
"""A rest costs about as much as a read."""
cdef double SHORTEST_S = 0.002
"""What comes faster is read together anyway, and timers are no finer than half of it."""
cdef double UNTIL_FLUSH_S = 60.0
"""Longer than anybody lets it rest."""
cdef double STEADY_S = 0.1
"""What came in less time says little: the stream is taken for hardly slower than before."""
cdef double STEADY = 0.7
cdef size_t NOBODY_KNOWS = 1 << 30
"""Bytes before anything has waited: what came was no stream of events."""
cdef size_t HEAD = 96
"""Bytes of a message in which its type of event is found, if it is a state change."""


cdef inline double now_s() noexcept nogil:
    """Return seconds of a clock that is never set back."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <double> now.tv_sec + 1e-9 * <double> now.tv_nsec


cdef class Listener(WSListener):
    """What picows calls. The owner is a `Connection`.

    - While `direct`, whole text messages go into the lane's pipeline, in order with
      what goes to the owner; without a lane it stays False.
    - Before the owner or the lane is called, the lane has been told all counts.
    - `in_batch`: whether something was delivered since the owner's `end_read`.
    - With `Lane.gathering`, a state event that is alone in its read may wait: it is
      read by `flush`, or in front of the next frame that may not.
    - Where several came since the last flush the owner is told to let the socket `rest`:
      behind the first one that waits, or behind what came while it rested. It is read
      again with `flush`; in a faster stream earlier, so that it has room for what comes.
    """

    # construction

    def __init__(self, owner, lane=None):
        cdef Pipeline pipeline
        self._owner = owner
        self._flushed = True
        self._since = NOBODY_KNOWS
        if lane is not None:
            pipeline = lane.pipeline
            self._intake = pipeline.intake
            self._count = lane.count
            self._on_full = lane.on_full
            self._on_passed = lane.on_passed
            self._gathering = lane.gathering
            if lane.gathering is not None:
                lane.gathering.flush = self.flush
                self._within_s = lane.gathering.within_s

    def __dealloc__(self):
        buffer_free(&self._held)

    @property
    def direct(self):
        """Whether whole text messages go straight into the pipeline."""
        return self._direct

    @direct.setter
    def direct(self, bint wanted):
        if not wanted:
            self.flush()
        self._direct = wanted and self._intake is not None

    # hot path

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        """Take one frame; nothing raised here may reach picows."""
        try:
            if (
                self._direct
                and frame.msg_type == WSMsgType.TEXT
                and frame.fin
                and not (frame.rsv1 | frame.rsv2 | frame.rsv3)
            ):
                self._since += frame.payload_size
                self._since_frames += 1
                if (
                    self._gathering is not None
                    and frame.last_in_buffer
                    and not self.in_batch
                    and self._hold(frame)
                ):
                    return
                self._read_held()
                self._feed(frame)
            else:
                self._read_held()
                self._tell()
                self._owner.take_frame(frame)
            if frame.last_in_buffer and self.in_batch:
                self.in_batch = False
                self._tell()
                self._owner.end_read()
                if self._rested:
                    self._rest_again()
        except Exception as exc:
            self._owner.fail(exc)
            self._tell()

    cdef int _feed(self, WSFrame frame) except -1:
        """Feed one message and act on what the pipeline says."""
        self.in_batch = True
        return self._take(<const uint8_t*> frame.payload_ptr, frame.payload_size)

    cdef int _take(self, const uint8_t* at, size_t size) except -1:
        """Feed one message and act on what the pipeline says."""
        cdef list passed = self._intake.take(at, size, False, &self._tally)
        if self._intake.is_full():
            self._tell()
            self._on_full()
        if passed is not None:
            self._tell()
            self._on_passed(passed)
        return 0

    cdef int _hold(self, WSFrame frame) except -1:
        """Keep a copy of a message that may wait; 0 if it may not."""
        cdef size_t size = frame.payload_size
        cdef uint32_t length = <uint32_t> size
        cdef bint first = self._held.length == 0
        cdef double rest_s = 0.0
        if size > MAX_HELD_FRAME or self._held.length + size > MAX_HELD:
            return 0
        if (<const uint8_t*> frame.payload_ptr)[0] != b"{" or memmem(
            frame.payload_ptr, min(size, HEAD), b'"state_changed"', 15
        ) == NULL:
            return 0
        if not self._gathering.may_wait():
            return 0
        if not reserve(&self._held, sizeof(length) + size):
            self._held.failed = False  # what waits is whole; this one is read at once
            return 0
        put(&self._held, &length, sizeof(length))
        put(&self._held, frame.payload_ptr, size)
        if first:
            if self._flushed:
                self._since -= size
                self._since_frames -= 1
                rest_s = self._rest_s()
                self._begin(size, 1)
            self._rested = False
            self._gathering.began()
            if rest_s and self._owner.rest(rest_s):
                self._rested = rest_s < UNTIL_FLUSH_S
        return 1

    cdef int _rest_again(self) except -1:
        """Let the socket rest again behind what had come while it did.

        Without waiting for a first event: that would be one waking up more each time.
        """
        cdef double rest_s = self._rest_s()
        self._rested = False
        if (
            rest_s
            and self._direct
            and self._gathering.may_wait()
            and self._owner.rest(rest_s)
        ):
            self._rested = rest_s < UNTIL_FLUSH_S
            self._begin(0, 0)
            self._gathering.began()
        return 0

    cdef void _begin(self, size_t size, size_t frames) noexcept nogil:
        """Count anew from here on."""
        self._flushed = False
        self._since, self._since_frames, self._since_s = size, frames, now_s()

    cdef double _rest_s(self):
        """Return how long a stream may wait that goes on as what came since.

        Until the next flush, if there is room for all that comes until then; else
        until half of the room is used. 0.0: it is not worth it.
        """
        cdef double load, rest_s
        cdef double passed_s = max(now_s() - self._since_s, 1e-6)
        if self._since_frames < WORTH_FRAMES or self._since >= NOBODY_KNOWS:
            return 0.0
        load = max(
            <double> self._since_frames / <double> REST_FRAMES,
            <double> self._since / <double> REST_BYTES,
        ) / passed_s
        if passed_s < STEADY_S:
            load = max(load, STEADY * self._load)
        self._load = load
        if load * self._within_s <= 1.0:
            return UNTIL_FLUSH_S
        rest_s = 0.5 / load
        return rest_s if rest_s >= SHORTEST_S else 0.0

    cdef int _read_held(self) except -1:
        """Read what waits, oldest first."""
        cdef Buffer held = self._held
        cdef size_t at = 0
        cdef uint32_t length
        if held.length == 0:
            return 0
        memset(&self._held, 0, sizeof(Buffer))  # what is called may come back here
        try:
            while at < held.length:
                memcpy(&length, held.data + at, sizeof(length))
                self._take(held.data + at + sizeof(length), length)
                at += sizeof(length) + length
            self._tell()
        finally:
            if self._held.data == NULL:
                held.length = 0
                self._held = held
            else:
                buffer_free(&held)
        return 0

    cdef int _tell(self) except -1:
        """Tell the lane what became of the frames since the last time."""
        cdef Tally tally = self._tally
        if tally.frames:
            memset(&self._tally, 0, sizeof(Tally))
            self._count(
                tally.frames,
                tally.bytes,
                tally.unreadable,
                tally.events,
                tally.filtered,
                tally.skipped,
                tally.duplicates,
                tally.rejected,
            )
        return 0

    def flush(self):
        """Read what waits; raises nothing.

        Returns whether the socket rested: what is in it comes with the next read.
        """
        cdef bint rested
        self._flushed = True
        try:
            self._read_held()
        except Exception as exc:
            self._owner.fail(exc)
            self._tell()
        rested = self._owner.rouse()
        self._rested |= rested  # or a short rest is over whose read is still to come
        return self._rested

    # the rest of what picows calls

    cpdef on_ws_connected(self, WSTransport transport):
        self._owner.connected(transport)

    cpdef on_ws_disconnected(self, WSTransport transport):
        self.flush()
        self._owner.disconnected()

    cpdef pause_writing(self):
        """Nothing to do: hiq sends a few small commands."""

    cpdef resume_writing(self):
        """Nothing to do."""
