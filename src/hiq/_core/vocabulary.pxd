cimport cython
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.names cimport Names
from hiq._core.span cimport Span

cdef enum:
    TAG = 1         # becomes a tag
    UNIT = 2        # unit_of_measurement
    CLASS = 4       # device_class

cdef struct Word:
    uint32_t flags
    uint32_t rows   # of the table of well-known attributes, one bit each

@cython.final
cdef class Vocabulary:
    # construction
    cdef Names _names
    cdef Word* _words
    cdef uint8_t* _ignored   # one row of words per set
    cdef size_t _count

    # hot path
    cdef const Word* find(
        self, Span name, uint64_t hash, int32_t ignored_set, bint* ignored
    ) noexcept nogil
