from libc.stdint cimport int32_t

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span
from hiq._core.texts cimport Texts

cdef enum:
    UNSET = -1      # the entry does not have the key

cdef struct Entry:
    int32_t override    # number of an override, 0 is none
    int32_t ignored     # number of a set of ignored attributes, 0 is the global one

cdef class Overlay:
    # construction
    cdef Names _domains
    cdef Globs _globs
    cdef Names _entities
    cdef Entry* _entries     # of the domains, then the globs, then the entities
    cdef Texts _overrides

    # hot path
    cdef Entry resolve(self, Span entity_id, Span domain) noexcept nogil
    cdef Span override(self, int32_t number) noexcept nogil
