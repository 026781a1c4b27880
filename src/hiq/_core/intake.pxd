cimport cython
from libc.stdint cimport uint8_t

from hiq._core.event cimport Event, Tape
from hiq._core.line cimport Encoder
from hiq._core.refusal cimport Refusal
from hiq._core.ring cimport Ring
from hiq._core.status cimport Status
from hiq._core.tap cimport Tap
from hiq._core.verdict cimport Tally

@cython.final
cdef class Intake:
    # construction
    cdef Encoder _encoder
    cdef Ring _ring
    cdef Refusal _refusal
    cdef Tap tap                # None: nobody watches
    cdef Tape _tape
    cdef list _passed
    cdef size_t _high_water

    # hot path
    cdef list take(
        self, const uint8_t* base, size_t length, bint snapshot, Tally* tally
    )
    cdef Status _judge(self, const uint8_t* base, bint snapshot, Tally* tally) noexcept
    cdef bint _pass_on(
        self, const uint8_t* base, const Event* event, Tally* tally
    ) noexcept
    cdef bint is_full(self) noexcept nogil
    cdef size_t held(self) noexcept nogil
