from libc.stdint cimport uint8_t
from picows.picows cimport WSFrame, WSListener

from hiq._core.buffer cimport Buffer
from hiq._core.intake cimport Intake
from hiq._core.verdict cimport Tally


cdef class Listener(WSListener):
    # construction
    cdef object _owner
    cdef object _count
    cdef object _on_full
    cdef object _on_passed
    cdef object _gathering
    cdef Buffer _held           # each message behind its length, 4 bytes
    cdef size_t _since          # bytes of messages since one first waited, or a rest began
    cdef size_t _since_frames   # and how many
    cdef double _since_s        # when that was, on the clock of `now_s`
    cdef double _load           # how fast it fills a socket, sockets per second
    cdef double _within_s       # a flush comes
    cdef bint _flushed          # none has waited since the last flush
    cdef bint _rested           # the next read is what came while the socket rested
    cdef Intake _intake
    cdef Tally _tally
    cdef bint _direct
    cdef public bint in_batch

    # hot path
    cdef int _feed(self, WSFrame frame) except -1
    cdef int _take(self, const uint8_t* at, size_t size) except -1
    cdef int _hold(self, WSFrame frame) except -1
    cdef int _rest_again(self) except -1
    cdef void _begin(self, size_t size, size_t frames) noexcept nogil
    cdef double _rest_s(self)
    cdef int _read_held(self) except -1
    cdef int _tell(self) except -1
