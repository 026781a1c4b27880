"""An ordered map of names to written values: the fields or tags of one point.

Follows Python's dict: a name keeps its first place, a deleted one loses it. Then
names are cleaned, of equal ones the later wins, `time` gives way, and the rest is
sorted by bytes. It knows neither JSON nor Home Assistant.
"""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memset

from hiq._core.buffer cimport (
    Buffer, buffer_free, buffer_trim, grow_array, put, put_byte, put_span, reserve,
)
from hiq._core.span cimport Span, hash_of, same, span
from hiq._core.text cimport is_simple, put_clean_name, put_escaped

cdef enum:
    FIRST_SLOTS = 128
    KEEP_ARENA = 1 << 20
    FEW = 48    # above that many names an n log n sort pays


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


cdef inline int order(Table* table, const Place* one, const Place* other) noexcept nogil:
    """Compare clean names by bytes, then by place in the table."""
    cdef size_t length
    cdef int result
    if one.prefix != other.prefix:
        return -1 if one.prefix < other.prefix else 1
    length = one.length if one.length < other.length else other.length
    result = memcmp(
        table.arena.data + one.name, table.arena.data + other.name, length
    )
    if result:
        return result
    if one.length != other.length:
        return -1 if one.length < other.length else 1
    return -1 if one.item < other.item else 1


cdef inline uint64_t prefix_of(Span name) noexcept nogil:
    """Return the first eight bytes, big end first, zero behind the end."""
    cdef uint64_t prefix = 0
    cdef size_t i
    cdef size_t length = name.length if name.length < 8 else 8
    for i in range(length):
        prefix |= <uint64_t> name.at[i] << (56 - 8 * i)
    return prefix


cdef void sort_places(Table* table) noexcept nogil:
    """Sort by name: by insertion for few, by merging for many."""
    cdef Place held
    cdef size_t i
    cdef size_t at
    if table.place_count > FEW:
        merge_places(table)
        return
    for i in range(1, table.place_count):
        held = table.places[i]
        at = i
        while at and order(table, &held, &table.places[at - 1]) < 0:
            table.places[at] = table.places[at - 1]
            at -= 1
        table.places[at] = held


cdef void merge_places(Table* table) noexcept nogil:
    """Sort from the bottom up; the second half of the array is the other side."""
    cdef size_t count = table.place_count
    cdef Place* source = table.places
    cdef Place* target = table.places + count
    cdef Place* swap
    cdef size_t width = 1
    cdef size_t low
    cdef size_t left
    cdef size_t middle
    cdef size_t right
    cdef size_t high
    cdef size_t to
    while width < count:
        low = 0
        while low < count:
            middle = min(low + width, count)
            high = min(middle + width, count)
            left = low
            right = middle
            for to in range(low, high):
                if right == high or (
                    left < middle and order(table, &source[left], &source[right]) < 0
                ):
                    target[to] = source[left]
                    left += 1
                else:
                    target[to] = source[right]
                    right += 1
            low = high
        swap = source
        source = target
        target = swap
        width *= 2
    if source != table.places:
        for to in range(count):
            table.places[to] = source[to]


cdef bint table_arrange(Table* table, bint keep_empty) noexcept nogil:
    """Fill `places` with what is to be written, sorted; False without memory.

    `keep_empty`: an empty text is a value (fields); else it is left out (tags).
    """
    cdef size_t i
    cdef size_t start
    cdef Item* item
    cdef Place* place
    cdef Span name
    # Twice as many: the merge needs the other half.
    if not grow_array(
        <void**> &table.places,
        &table.place_capacity,
        2 * table.count + 1,
        sizeof(Place),
    ):
        return False
    table.place_count = 0
    for i in range(table.count):
        item = &table.items[i]
        item.slot = -1
        if item.state != LIVE:
            continue
        name = name_at(table, item)
        start = item.name
        if table.special and not is_simple(name):
            if not reserve(&table.arena, name.length):
                return False
            start = table.arena.length
            put_clean_name(&table.arena, name_at(table, item))
            name = span(table.arena.data + start, table.arena.length - start)
        if name.length == 0:
            continue
        place = &table.places[table.place_count]
        place.name = start
        place.length = <uint32_t> name.length
        place.prefix = prefix_of(name)
        place.item = <uint32_t> i
        table.place_count += 1
    sort_places(table)
    drop_equal(table)
    if not keep_empty:
        drop_empty(table)
    if not free_time(table):
        return False
    for i in range(table.place_count):
        table.items[table.places[i].item].slot = <int32_t> i
    return True


cdef inline Span place_name(const Table* table, size_t number) noexcept nogil:
    return span(
        table.arena.data + table.places[number].name, table.places[number].length
    )


cdef void drop_equal(Table* table) noexcept nogil:
    """Of places with one name keep the last; only cleaning makes names equal."""
    cdef size_t i
    cdef size_t to = 0
    if not table.special:
        return
    for i in range(table.place_count):
        if i + 1 < table.place_count and same(
            place_name(table, i), place_name(table, i + 1)
        ):
            continue
        table.places[to] = table.places[i]
        to += 1
    table.place_count = to


cdef void drop_empty(Table* table) noexcept nogil:
    """Leave out what has an empty text."""
    cdef size_t i
    cdef size_t to = 0
    for i in range(table.place_count):
        if table.items[table.places[i].item].text_length:
            table.places[to] = table.places[i]
            to += 1
    table.place_count = to


cdef bint has_place(const Table* table, Span name) noexcept nogil:
    cdef size_t i
    for i in range(table.place_count):
        if same(place_name(table, i), name):
            return True
    return False


cdef bint free_time(Table* table) noexcept nogil:
    """Rename `time`, which servers refuse, to `time_`, or longer until it is free."""
    cdef uint64_t prefix = <uint64_t> 0x74696D65 << 32
    cdef size_t i
    cdef size_t start = table.arena.length
    for i in range(table.place_count):
        if table.places[i].prefix == prefix and table.places[i].length == 4:
            break
    else:
        return True
    put(&table.arena, b"time_", 5)
    while not table.arena.failed and has_place(
        table, span(table.arena.data + start, table.arena.length - start)
    ):
        put_byte(&table.arena, c"_")
    if table.arena.failed:
        return False
    table.special = True
    table.places[i].name = start
    table.places[i].length = <uint32_t> (table.arena.length - start)
    table.places[i].prefix = prefix_of(place_name(table, i))
    sort_places(table)
    return True


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
