cimport cython
from libc.stdint cimport uint64_t

# What became of frames, summed up. `rejected` are events; `unreadable` are frames
# that are no JSON and messages that are no objects: neither holds an event.
cdef struct Tally:
    uint64_t frames
    uint64_t bytes
    uint64_t unreadable
    uint64_t events
    uint64_t points
    uint64_t filtered
    uint64_t skipped
    uint64_t duplicates
    uint64_t rejected

cdef enum:
    KEPT = 64

@cython.final
cdef class Verdicts:
    # construction
    cdef list _made
    cdef uint64_t[KEPT] _keys    # what each of them says, 0: there is none

    # hot path
    cdef object of(self, const Tally* tally, bint full, list passed)
