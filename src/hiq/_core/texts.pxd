from hiq._core.span cimport Span

cdef class Texts:
    # construction
    cdef list _owned
    cdef Span* _spans
    cdef readonly size_t count

    # hot path
    cdef Span at(self, size_t number) noexcept nogil
