cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.memo cimport Memo
from hiq._core.span cimport Span

# What is known of an entity from its id and the options, and its last series. What each
# event needs comes first, so that it is brought near together.
cdef struct Entity:
    uint64_t hash
    uint8_t* id            # owned
    uint32_t id_length
    uint32_t domain_length
    uint32_t domain        # its number among those that are counted
    int32_t rule           # what decided
    int32_t limit          # number of its limit, 0 if it has none
    uint8_t accepted       # by the entity filter
    uint8_t look           # why that must be looked at again, else 0
    uint8_t is_mqtt        # by the registry
    uint8_t remembered     # is in the table
    uint8_t has_seen
    uint8_t has_written    # a number was the last that was written
    uint8_t class_in_other # the class of the memory is that it had before
    uint64_t events        # live ones, whatever became of them
    int64_t seen_ns        # time stamp of the last event
    # the measurement's source as raw JSON, and the head made from it
    uint64_t series
    Buffer cached          # source, then head
    uint32_t source_length
    uint32_t rows          # well-known attributes of the domain
    Memo memo
    uint8_t source_kind
    int32_t override       # numbers of the overlay
    int32_t ignored
    # what the filter knows
    int32_t class_part     # number of the class among attributes, -1: not there
    uint64_t class_version # of the memory whose attributes have the class, else 0
    int32_t allowance      # number of the attribute lists of its domain
    int64_t written_ns     # of the last number
    double written_value
    Buffer device_class
    Buffer other_class     # that it had before, and what was decided then
    int32_t other_rule
    int32_t other_limit
    uint8_t other_accepted
    uint8_t has_other
    Buffer facts           # of the registry: two bytes of length before each

@cython.final
cdef class Entities:
    # construction
    cdef Entity* _items
    cdef uint64_t* _slots      # high half of the hash, number of the entity + 1
    cdef size_t _slot_count
    cdef size_t _capacity
    cdef Entity _stranger      # one beyond the limit
    cdef Buffer _stranger_id
    cdef readonly size_t count
    cdef readonly size_t limit

    # hot path
    cdef uint32_t number_of(self, Span id, uint64_t hash) noexcept nogil
    cdef Entity* find(self, Span id, uint64_t hash) noexcept nogil
    cdef Entity* at(self, uint32_t number) noexcept nogil
    cdef uint32_t number(self, const Entity* entity) noexcept nogil
    cdef Entity* add(self, Span id, uint64_t hash) noexcept nogil
    cdef bint _grow(self) noexcept nogil
    cdef Entity* stranger(self, Span id, uint64_t hash) noexcept nogil


cdef inline Span id_of(const Entity* entity) noexcept nogil:
    cdef Span made
    made.at = entity.id
    made.length = entity.id_length
    return made


cdef inline Span domain_of(const Entity* entity) noexcept nogil:
    cdef Span made
    made.at = entity.id
    made.length = entity.domain_length
    return made


cdef inline Span object_of(const Entity* entity) noexcept nogil:
    cdef Span made
    made.at = entity.id + entity.domain_length + 1
    made.length = entity.id_length - entity.domain_length - 1
    return made


cdef inline Entity* entity_at(Entities entities, uint32_t number) noexcept nogil:
    """Return the entity of a number from 1 on."""
    return &entities._items[number - 1]


cdef inline uint32_t guess(Entities entities, uint64_t hash) noexcept nogil:
    """Return the number of the first id with such a hash, 0 if there is none."""
    cdef size_t mask = entities._slot_count - 1
    cdef size_t at = hash & mask
    while entities._slots[at] and (entities._slots[at] ^ hash) >> 32:
        at = (at + 1) & mask
    return <uint32_t> entities._slots[at]
