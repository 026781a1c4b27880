from libc.stdint cimport uint64_t

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span

# One side of the filter.
cdef class Lists:
    # construction
    cdef Names _entities
    cdef Names _domains
    cdef Globs _globs

    # hot path
    cdef bint has_entity(self, Span entity_id) noexcept nogil
    cdef bint has_domain(self, Span domain) noexcept nogil
    cdef bint has_glob(self, Span entity_id) noexcept nogil

cdef class Filter:
    # construction
    cdef Lists _include
    cdef Lists _exclude
    cdef readonly int case

    # hot path
    cdef bint accepts(self, Span entity_id, Span domain) noexcept nogil
