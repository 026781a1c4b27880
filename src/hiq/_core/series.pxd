cimport cython
from libc.stdint cimport int32_t, uint8_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport Span, Value
from hiq._core.table cimport Table
from hiq._core.tags cimport Entity
from hiq._core.texts cimport Texts

# Where the measurement comes from when nothing overrides it.
cdef enum Source:
    FROM_UNIT = 0
    FROM_CLASS = 1
    FROM_ENTITY = 2

@cython.final
cdef class Series:
    # construction
    cdef int source
    cdef bint tags_vary        # tags depend on attributes
    cdef Table _tags
    cdef Buffer _work
    cdef Buffer _text
    cdef Texts _measurements
    cdef Texts _names          # of the static tags
    cdef Texts _values

    # hot path
    cdef bint is_overridden(self) noexcept nogil
    cdef bint begin(self, const Entity* entity) noexcept nogil
    cdef bint put_tag(self, Span name, Span text) noexcept nogil
    cdef void clear(self) noexcept nogil
    cdef bint put_static(self) noexcept nogil
    cdef Span finish(self, Span measurement, Span fallback) noexcept nogil
    cdef Span head(
        self,
        Entity* entity,
        Span override,
        const uint8_t* base,
        const Value* source,
        Span source_text,
        uint64_t* series,
    ) noexcept nogil
    cdef bint _build(
        self, const Entity* entity, Span override, const Value* source, Span source_text
    ) noexcept nogil
    cdef void _measurement(self, Span text) noexcept nogil
