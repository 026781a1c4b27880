from libc.stdint cimport int32_t, uint32_t

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span

# Where the globs of a set stand.
cdef struct Ranges:
    uint32_t allow
    uint32_t deny
    uint32_t end

cdef class Allowance:
    # construction
    cdef Globs _globs
    cdef Names _domains
    cdef Ranges* _sets          # 0: that of all entities
    cdef readonly size_t count  # of globs

    # hot path
    cdef int32_t set_of(self, Span domain) noexcept nogil
    cdef bint _passes(self, const Ranges* ranges, Span name) noexcept nogil
    cdef bint accepts(self, int32_t number, Span name) noexcept nogil
