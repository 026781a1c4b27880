from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport Span, span

# What became of an item.
cdef enum:
    LIVE = 0
    DEAD = 1       # deleted; a later item of the name goes to the end
    HIDDEN = 2     # counts for collisions, is never written

cdef struct Item:
    uint64_t hash
    size_t name            # in the arena: as Python has it
    size_t text            # in the arena: as it is written behind the `=`
    uint32_t name_length
    uint32_t text_length
    int32_t slot           # number of its place, -1 if it is not written
    uint8_t state

# An item as it is written: its clean name, in the order of names.
cdef struct Place:
    uint64_t prefix        # first bytes of the name, big end first
    size_t name
    uint32_t length
    uint32_t item

cdef struct Table:
    Item* items
    size_t count
    size_t capacity
    uint32_t* slots        # number of the item + 1
    size_t slot_count
    Place* places
    size_t place_count
    size_t place_capacity
    Buffer arena
    bint special           # a name needs cleaning or escaping

# construction
cdef void table_free(Table* table) noexcept nogil
cdef void table_clear(Table* table) noexcept nogil

# hot path
cdef Item* table_find(Table* table, Span name) noexcept nogil
cdef Item* table_put(Table* table, Span name, Span suffix) noexcept nogil
cdef void table_write(Table* table, Buffer* out, bint leading) noexcept nogil


cdef inline Span name_at(const Table* table, const Item* item) noexcept nogil:
    return span(table.arena.data + item.name, item.name_length)


cdef inline Span place_name(const Table* table, size_t number) noexcept nogil:
    return span(
        table.arena.data + table.places[number].name, table.places[number].length
    )


cdef inline void set_text(Item* item, size_t start, size_t length) noexcept nogil:
    """Give an item a text in the arena."""
    item.text = start
    item.text_length = <uint32_t> length
    item.state = LIVE
