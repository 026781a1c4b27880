cimport cython
from libc.stdint cimport uint8_t, uint32_t

from hiq._core.buffer cimport Buffer
from hiq._core.event cimport Event
from hiq._core.tags cimport Entities

cdef enum:
    UNKNOWN = 0    # nobody has said yet whether the entity is wanted
    WANTED = 1
    UNWANTED = 2
    NEWEST = 3     # only the newest event is, whenever somebody asks

cdef struct Held:
    Buffer json    # of the newest event; empty: none since it was fetched
    bint waits

@cython.final
cdef class Tap:
    # construction
    cdef uint8_t* _marks        # by number of the entity
    cdef size_t _mark_count
    cdef Held* _held            # the same
    cdef size_t _held_count
    cdef uint32_t* _waiting     # numbers of those that hold an event
    cdef size_t _wait_count
    cdef size_t _wait_capacity
    cdef list _found
    cdef size_t _held_bytes
    cdef size_t _bytes
    cdef size_t _limit
    cdef readonly unsigned long long dropped

    # hot path
    cdef bint take(
        self, const uint8_t* base, const Event* event, Entities entities
    ) noexcept
    cdef bint hold(self, uint32_t number, const uint8_t* at, size_t length) noexcept
    cdef void cut(self, Py_ssize_t count) noexcept

    # export
    cdef list all(self)
    cdef list newest(self)
    cdef bint mark(self, uint32_t number, uint8_t value) noexcept
    cdef void forget(self) noexcept
