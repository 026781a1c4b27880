cimport cython
from libc.stdint cimport int32_t, uint32_t

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span

@cython.final
cdef class Wanted:
    # construction
    cdef Names _domains         # domain -> number of its globs
    cdef Globs _globs
    cdef uint32_t* _ends        # of the globs of each number; 0 is every domain
    cdef size_t count           # of globs

    # hot path
    cdef int32_t number_of(self, Span domain) noexcept nogil
    cdef bint accepts(self, int32_t number, Span name) noexcept nogil
