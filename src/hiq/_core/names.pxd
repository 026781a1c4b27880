cimport cython
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.span cimport Span

cdef struct NameSlot:
    uint64_t hash
    const uint8_t* at
    uint32_t length
    int32_t value    # -1: the slot is free

@cython.final
cdef class Names:
    # construction
    cdef list _owned
    cdef NameSlot* _slots
    cdef size_t _capacity
    cdef readonly size_t count

    # hot path
    cdef int32_t find(self, Span name, uint64_t hash) noexcept nogil
