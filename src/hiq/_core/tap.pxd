from libc.stdint cimport uint8_t, uint32_t

from hiq._core.event cimport Event
from hiq._core.tags cimport Entities

cdef enum:
    UNKNOWN = 0    # nobody has said yet whether the entity is wanted
    WANTED = 1
    UNWANTED = 2

cdef class Tap:
    # construction
    cdef uint8_t* _marks        # by number of the entity
    cdef size_t _mark_count
    cdef list _found
    cdef size_t _bytes
    cdef size_t _limit
    cdef readonly unsigned long long dropped

    # hot path
    cdef bint take(
        self, const uint8_t* base, const Event* event, Entities entities
    ) noexcept
    cdef void cut(self, Py_ssize_t count) noexcept

    # export
    cdef list all(self)
    cdef bint mark(self, uint32_t number, uint8_t value) noexcept
    cdef void forget(self) noexcept
