"""The order in which a table is written: names cleaned, sorted by bytes.

Of names that are equal when cleaned the later wins, and `time`, which servers
refuse, gives way.
"""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcmp

from hiq._core.buffer cimport grow_array, put, put_byte, reserve
from hiq._core.span cimport Span, same, span
from hiq._core.table cimport LIVE, Item, Place, Table, name_at, place_name
from hiq._core.text cimport is_simple, put_clean_name

cdef enum:
    FEW = 48    # above that many names an n log n sort pays


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
