from libc.stdint cimport uint8_t

from hiq._core.event cimport Event
from hiq._core.status cimport Status

cdef class Refusal:
    # construction
    cdef object _samples
    cdef list _kept
    cdef size_t _bytes
    cdef public bint keeps          # whole originals wait for `taken`
    cdef public object inspect      # JSON of an event -> reason or None; None: nobody
    cdef readonly unsigned long long dropped

    # hot path
    cdef void add(self, Status status, const uint8_t* at, size_t length) noexcept
    cdef void note(self, object reason, const uint8_t* at, size_t length) noexcept
    cdef bint objects(self, const uint8_t* base, const Event* event) noexcept
