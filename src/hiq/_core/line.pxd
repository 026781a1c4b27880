from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.event cimport Attribute, Event, Tape
from hiq._core.fields cimport Fields
from hiq._core.filter cimport Filter
from hiq._core.names cimport Names
from hiq._core.overlay cimport Overlay
from hiq._core.series cimport Series
from hiq._core.span cimport Span, Value
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity
from hiq._core.vocabulary cimport Vocabulary, Word

# What an event changed in the table of entities.
cdef struct Undo:
    Span id
    uint64_t hash
    int64_t seen_ns
    uint8_t has_seen

cdef class Encoder:
    # construction
    cdef Filter _filter
    cdef Overlay _overlay
    cdef Vocabulary _vocabulary
    cdef Series _series
    cdef Fields fields
    cdef Entities _entities
    cdef Names _row_domains     # domain -> number of its rows in _rows
    cdef uint32_t* _rows
    cdef Buffer _id
    cdef Buffer _state
    cdef Buffer _source
    cdef Undo* _undo
    cdef size_t _undo_count
    cdef size_t _undo_capacity
    cdef int64_t _time_unit_ns
    cdef bint _skip_null
    # of the last line
    cdef uint64_t series
    cdef int64_t time_ns

    # hot path
    cdef bint begin(self, size_t events) noexcept nogil
    cdef void roll_back(self) noexcept nogil
    cdef Status encode(
        self, const uint8_t* base, const Event* event, Attribute* items, bint snapshot,
        Buffer* out,
    ) noexcept nogil
    cdef Entity* entity_of(self, Span id, size_t domain_length) noexcept nogil
    cdef Status _line(
        self, const uint8_t* base, const Event* event, Attribute* items, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil
    cdef bint _tag(
        self, const uint8_t* base, const Attribute* item, const Word* word,
        const Entity* entity, const Attribute* items, size_t count,
    ) noexcept nogil

    # registry
    cdef bint set_platform(self, Span id, bint is_mqtt) noexcept nogil
