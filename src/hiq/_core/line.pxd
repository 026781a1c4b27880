cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.counts cimport Counts
from hiq._core.event cimport Event, Tape
from hiq._core.judge cimport Judge
from hiq._core.memory cimport Memory
from hiq._core.moment cimport Minute
from hiq._core.names cimport Names
from hiq._core.overlay cimport Overlay
from hiq._core.schemas cimport Schemas
from hiq._core.span cimport Span
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity
from hiq._core.writer cimport Writer

cdef enum:
    STATUSES = 41    # numbers of `Status`, see status.pxd

# What an event changed in the table of entities.
cdef struct Undo:
    Span id
    uint64_t hash
    int64_t seen_ns
    uint8_t has_seen

@cython.final
cdef class Encoder:
    # construction
    cdef Judge judge
    cdef uint64_t* _decided     # its counts
    cdef Overlay _overlay
    cdef Writer writer
    cdef Memory _memory         # the writer's
    cdef Schemas schemas        # beside `ha`, None without any
    cdef bint has_others
    cdef bint _is_ha_on
    cdef bint _is_ha_first
    cdef Entities entities
    cdef Counts counts
    cdef Names _row_domains     # domain -> number of its rows in _rows
    cdef uint32_t* _rows
    cdef Buffer _id
    cdef Buffer _state
    cdef Minute _minute
    cdef Undo* _undo
    cdef size_t _undo_count
    cdef size_t _undo_capacity
    cdef int64_t _time_unit_ns
    cdef int64_t time_ns        # of the last line
    cdef int level              # of validation: 0 off, 1 counts flaws, 2 refuses them
    cdef int64_t now_ns         # what an event without a time gets at level 1
    cdef uint64_t[STATUSES] flaws

    # hot path
    cdef bint begin(self, size_t events) noexcept nogil
    cdef void roll_back(self) noexcept nogil
    cdef Status encode(
        self, const uint8_t* base, Event* event, Tape* tape, bint snapshot, Buffer* out
    ) noexcept nogil
    cdef Status _flaw(self, const uint8_t* base, const Event* event) noexcept nogil
    cdef Status _write_others(
        self, const uint8_t* base, const Event* event, Entity* entity, Span state,
        int64_t fired_ns, Status status,
    ) noexcept nogil
    cdef Entity* entity_of(self, Span id, size_t domain_length) noexcept nogil

    # registry
    cdef Entity* named(self, Span id) noexcept nogil
    cdef bint set_platform(self, Span id, bint is_mqtt) noexcept nogil
    cdef bint set_facts(self, Span id, Span facts) noexcept nogil

    # filter
    cdef void _decide_again(self, bint new_lists) noexcept nogil
