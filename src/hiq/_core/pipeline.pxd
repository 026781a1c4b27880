from libc.stdint cimport uint8_t

from hiq._core.intake cimport Intake
from hiq._core.line cimport Encoder
from hiq._core.refusal cimport Refusal
from hiq._core.ring cimport Ring
from hiq._core.verdict cimport Verdicts

cdef class Pipeline:
    # construction
    cdef object _options
    cdef readonly Refusal refusal
    cdef Encoder _encoder
    cdef Ring _ring
    cdef Intake intake
    cdef Verdicts _verdicts

    # hot path
    cdef object _verdict(self, const uint8_t* base, size_t length, bint snapshot)
    cdef Ring _ring_of(self, schema)
