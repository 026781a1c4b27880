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
