cimport cython
from libc.stdint cimport uint8_t

from hiq._core.attribute cimport Attribute
from hiq._core.event cimport Event, Tape
from hiq._core.memo cimport Memo
from hiq._core.span cimport Span
from hiq._core.table cimport Table
from hiq._core.tags cimport Entities, Entity

@cython.final
cdef class Memory:
    # construction
    cdef Entities _entities
    cdef Table _names           # that the fields of a state can have
    cdef bint _is_off
    cdef size_t _limit          # of `held`
    cdef size_t held            # bytes of all memos
    cdef size_t _hand           # of the entity that was last asked for its memory
    cdef unsigned long long forgotten

    # hot path
    cdef void renew(
        self, Entity* entity, const uint8_t* base, const Event* event, Span fields
    ) noexcept nogil
    cdef bint keep(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil
    cdef void skip(
        self, const uint8_t* base, const Event* event, Entity* entity
    ) noexcept nogil
    cdef bint has_room(
        self, Entity* entity, const Event* event, size_t count
    ) noexcept nogil
    cdef void remember(
        self, Entity* entity, const uint8_t* base, const Event* event,
        const Attribute* items, const Table* fields, Span text,
    ) noexcept nogil
    cdef void _make_room(self, const Entity* entity) noexcept nogil


cdef inline void make_room(Memory memory, const Entity* entity) noexcept nogil:
    """Keep to the limit of memory; the state of `entity` stays."""
    if memory.held > memory._limit:
        memory._make_room(entity)
