"""The compiled listener: text frames go from picows' buffer straight into the core.

Between the two no Python object is made and nothing is copied. What became of the
frames is summed up in C and told once per read of the socket. Every frame that is not
a whole text message, and every one while the owner does not want it so, goes to the
owner as it does from `listening.PlainListener`. It is bound to the declarations of one
picows: see `listening`, which decides whether it may be used.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memset

from picows.picows cimport WSFrame, WSListener, WSMsgType, WSTransport

from hiq._core.pipeline cimport Pipeline
from hiq._core.verdict cimport Tally

cdef extern from *:
    const char* HIQ_PICOWS_PXD

DECLARATIONS = HIQ_PICOWS_PXD.decode("ascii")
"""SHA-256 of the `picows.pxd` that this was compiled with."""


cdef class Listener(WSListener):
    """What picows calls. The owner is a `Connection`.

    - While `direct`, whole text messages go into the lane's pipeline, in order with
      what goes to the owner; without a lane it stays False.
    - Before the owner or the lane is called, the lane has been told all counts.
    - `in_batch`: whether something was delivered since the owner's `end_read`.
    """

    # construction

    def __init__(self, owner, lane=None):
        self._owner = owner
        if lane is not None:
            self._pipeline = lane.pipeline
            self._count = lane.count
            self._on_full = lane.on_full
            self._on_passed = lane.on_passed

    @property
    def direct(self):
        """Whether whole text messages go straight into the pipeline."""
        return self._direct

    @direct.setter
    def direct(self, bint wanted):
        self._direct = wanted and self._pipeline is not None

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
                self._feed(frame)
            else:
                self._tell()
                self._owner.take_frame(frame)
            if frame.last_in_buffer and self.in_batch:
                self.in_batch = False
                self._tell()
                self._owner.end_read()
        except Exception as exc:
            self._owner.fail(exc)
            self._tell()

    cdef int _feed(self, WSFrame frame) except -1:
        """Feed one message and act on what the pipeline says."""
        cdef list passed
        self.in_batch = True
        passed = self._pipeline.take_frame(
            <const uint8_t*> frame.payload_ptr, frame.payload_size, False, &self._tally
        )
        if self._pipeline.is_full():
            self._tell()
            self._on_full()
        if passed is not None:
            self._tell()
            self._on_passed(passed)
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

    # the rest of what picows calls

    cpdef on_ws_connected(self, WSTransport transport):
        self._owner.connected(transport)

    cpdef on_ws_disconnected(self, WSTransport transport):
        self._owner.disconnected()

    cpdef pause_writing(self):
        """Nothing to do: hiq sends a few small commands."""

    cpdef resume_writing(self):
        """Nothing to do."""
