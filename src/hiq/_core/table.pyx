"""An ordered map of names to written values: the fields or tags of one point.

Follows Python's dict: a name keeps its first place, a deleted one loses it. Then it
is arranged, see there, and written. It knows neither JSON nor Home Assistant.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.buffer cimport (
    Buffer, buffer_free, grow_array, put, put_byte, put_span, reserve,
)
from hiq._core.span cimport Span, hash_of, same, span
from hiq._core.text cimport is_simple, put_escaped

cdef enum:
    FIRST_SLOTS = 128
    KEEP_ARENA = 1 << 20


# construction


cdef void table_free(Table* table) noexcept nogil:
    """Give all memory back."""
    free(table.items)
    free(table.slots)
    free(table.places)
    buffer_free(&table.arena)
    memset(table, 0, sizeof(Table))


cdef void table_clear(Table* table) noexcept nogil:
    """Forget everything; memory of an exceptionally large point is given back."""
    if table.slot_count > FIRST_SLOTS or table.arena.capacity > KEEP_ARENA:
        table_free(table)
    table.count = 0
    table.place_count = 0
    table.special = False
    table.arena.length = 0
    table.arena.failed = False
    if table.slots != NULL:
        memset(table.slots, 0, table.slot_count * sizeof(uint32_t))


# hot path


cdef bint grow_slots(Table* table) noexcept nogil:
    """Double the slots and sort all items in again."""
    cdef size_t capacity = 0
    cdef size_t wanted = table.slot_count * 2 if table.slot_count else FIRST_SLOTS
    cdef void* slots = NULL
    cdef size_t i
    cdef size_t at
    if not grow_array(&slots, &capacity, wanted, sizeof(uint32_t)):
        return False
    free(table.slots)
    table.slots = <uint32_t*> slots
    table.slot_count = wanted
    memset(slots, 0, wanted * sizeof(uint32_t))
    for i in range(table.count):
        if table.items[i].state == DEAD:
            continue
        at = table.items[i].hash & (wanted - 1)
        while table.slots[at]:
            at = (at + 1) & (wanted - 1)
        table.slots[at] = <uint32_t> i + 1
    return True


cdef inline size_t slot_of(Table* table, Span name, uint64_t hash) noexcept nogil:
    """Return the slot of a name, or the free one where it belongs."""
    cdef size_t at = hash & (table.slot_count - 1)
    cdef Item* item
    while table.slots[at]:
        item = &table.items[table.slots[at] - 1]
        if item.hash == hash and same(name_at(table, item), name):
            break
        at = (at + 1) & (table.slot_count - 1)
    return at


cdef Item* table_find(Table* table, Span name) noexcept nogil:
    """Return the item of a name, NULL if there is none or it was deleted."""
    cdef Item* item
    cdef uint32_t number
    if table.count == 0:
        return NULL
    number = table.slots[slot_of(table, name, hash_of(name))]
    if number == 0:
        return NULL
    item = &table.items[number - 1]
    if item.state == DEAD:
        return NULL
    return item


cdef Item* table_put(Table* table, Span name, Span suffix) noexcept nogil:
    """Return the item of `name + suffix`, new if need be; NULL without memory.

    `name` may lie anywhere but in the arena. The caller sets text and state.
    """
    cdef size_t start = table.arena.length
    cdef uint64_t hash
    cdef size_t at
    cdef Item* item
    if 2 * (table.count + 1) > table.slot_count and not grow_slots(table):
        return NULL
    if not reserve(&table.arena, name.length + suffix.length):
        return NULL
    if not grow_array(
        <void**> &table.items, &table.capacity, table.count + 1, sizeof(Item)
    ):
        return NULL
    put_span(&table.arena, name)
    put_span(&table.arena, suffix)
    name = span(table.arena.data + start, table.arena.length - start)
    hash = hash_of(name)
    at = slot_of(table, name, hash)
    if table.slots[at]:
        item = &table.items[table.slots[at] - 1]
        if item.state != DEAD:
            table.arena.length = start
            return item
    item = &table.items[table.count]
    table.count += 1
    table.slots[at] = <uint32_t> table.count
    item.hash = hash
    item.name = start
    item.name_length = <uint32_t> name.length
    item.state = LIVE
    item.text_length = 0
    if not is_simple(name):
        table.special = True
    return item


cdef void table_write(Table* table, Buffer* out, bint leading) noexcept nogil:
    """Append `name=text` of all places, with commas between them or before each."""
    cdef size_t i
    cdef Place* place
    cdef Item* item
    cdef Span name
    for i in range(table.place_count):
        place = &table.places[i]
        item = &table.items[place.item]
        name = place_name(table, i)
        if i or leading:
            put_byte(out, c",")
        if table.special and not is_simple(name):
            put_escaped(out, name, True)
        else:
            put_span(out, name)
        put_byte(out, c"=")
        put(out, table.arena.data + item.text, item.text_length)
