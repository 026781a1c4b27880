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

cdef class Verdict:
    # construction
    cdef readonly int events
    cdef readonly int points
    cdef readonly int filtered
    cdef readonly int skipped
    cdef readonly int rejected
    cdef readonly int duplicates
    cdef list _passed
    cdef readonly bint full
