from libc.stdint cimport uint8_t

from hiq._core.event cimport Event, Tape
from hiq._core.line cimport Encoder
from hiq._core.refusal cimport Refusal
from hiq._core.ring cimport Ring
from hiq._core.span cimport Value
from hiq._core.status cimport Status
from hiq._core.tap cimport Tap
from hiq._core.verdict cimport Tally, Verdicts

cdef class Pipeline:
    # construction
    cdef object _options
    cdef list _passed
    cdef readonly Refusal refusal
    cdef Encoder _encoder
    cdef Ring _ring
    cdef Tape _tape
    cdef size_t _high_water
    cdef Verdicts _verdicts
    cdef Tap _tap               # None: nobody watches

    # hot path
    cdef object _verdict(self, const uint8_t* base, size_t length, bint snapshot)
    cdef bint is_full(self) noexcept nogil
    cdef size_t _held(self) noexcept nogil
    cdef list take_frame(
        self, const uint8_t* base, size_t length, bint snapshot, Tally* tally
    )
    cdef Status _judge(self, const uint8_t* base, bint snapshot, Tally* tally) noexcept
    cdef bint _pass_on(
        self, const uint8_t* base, const Event* event, Tally* tally
    ) noexcept
    cdef Ring _ring_of(self, schema)
