"""What was made of an entity's last state, so that only what differs is made anew.

Real states change in one or two values, under the same attributes. Kept are the
bytes of the state, where its attributes lie in them, and the written fields. It
holds no rule: what it cannot tell is made from scratch. It is changed only by
events of a frame that has been accepted.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.buffer cimport (
    Buffer, buffer_free, grow_array, put, put_byte, put_span, reserve,
)
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport ESCAPED, Span, Value, span, span_of
from hiq._core.table cimport (
    Item, Place, Table, table_arrange, table_clear, table_put,
)
from hiq._core.vector cimport differ

# construction


cdef void memo_free(Memo* memo) noexcept nogil:
    """Give all memory back; nothing is remembered."""
    buffer_free(&memo.raw)
    buffer_free(&memo.gone)
    buffer_free(&memo.fields)
    buffer_free(&memo.names)
    free(memo.parts)
    free(memo.slots)
    free(memo.places)
    memset(memo, 0, sizeof(Memo))


cdef void memo_forget(Memo* memo) noexcept nogil:
    """Give all memory back, but count on: a version never comes again."""
    cdef uint64_t version = memo.version
    memo_free(memo)
    memo.version = version


cdef bint memo_plan(
    Memo* memo, const uint8_t* base, const Attribute* items, Table* names
) noexcept nogil:
    """Find a slot for each field that there can be; False if names could collide.

    Until then `number` and `text` of parts, `value` and `state` are -1 or items of
    the fields; they are left alone here, `memo_keep` needs both.
    """
    cdef Span key
    cdef Span text = span(<const uint8_t*> b"_str", 4)
    cdef size_t i
    table_clear(names)
    if not add_name(names, span(<const uint8_t*> b"value", 5), span(NULL, 0)):
        return False
    if not add_name(names, span(<const uint8_t*> b"state", 5), span(NULL, 0)):
        return False
    for i in range(memo.part_count):
        if memo.parts[i].mode == SILENT:
            continue
        key = span_of(base, &items[i].key)
        if items[i].key.flags & ESCAPED or key.length == 4 and (
            not differ(key.at, b"time", 4)
        ):
            return False
        if not add_name(names, key, span(NULL, 0)) or not add_name(names, key, text):
            return False
    if names.special or not table_arrange(names, True):
        return False
    return grow_array(
        <void**> &memo.slots, &memo.slot_capacity, names.place_count, sizeof(Slot)
    ) and grow_array(
        <void**> &memo.places, &memo.place_capacity, names.place_count, sizeof(uint32_t)
    )


cdef inline bint add_name(Table* names, Span name, Span suffix) noexcept nogil:
    """Add a name that must be new; False if it is not, or without memory."""
    cdef size_t before = names.count
    cdef Item* item = table_put(names, name, suffix)
    return item != NULL and names.count > before


cdef void memo_keep(Memo* memo, const Table* table, const Table* names) noexcept nogil:
    """Take over the fields just made, each into its slot."""
    cdef const Item* item
    cdef Place* place
    cdef Slot* slot
    cdef size_t i
    cdef size_t next_name = 2
    memo.slot_count = names.place_count
    memo.names.length = 0
    for i in range(memo.slot_count):
        slot = &memo.slots[i]
        place = &names.places[i]
        slot.name = <uint32_t> memo.names.length
        put_byte(&memo.names, c",")
        put(&memo.names, names.arena.data + place.name, place.length)
        put_byte(&memo.names, c"=")
        slot.name_length = <uint32_t> memo.names.length - slot.name
        slot.length = 0
    # Items of the names stand in the order of the plan.
    memo.value = settle(memo, table, memo.value, names.items[0].slot)
    memo.state = settle(memo, table, memo.state, names.items[1].slot)
    for i in range(memo.part_count):
        if memo.parts[i].mode == SILENT:
            continue
        memo.parts[i].number = settle(
            memo, table, memo.parts[i].number, names.items[next_name].slot
        )
        memo.parts[i].text = settle(
            memo, table, memo.parts[i].text, names.items[next_name + 1].slot
        )
        next_name += 2
    place_slots(memo)


cdef inline int32_t settle(
    Memo* memo, const Table* table, int32_t item, int32_t slot
) noexcept nogil:
    """Note the bytes of a slot whose field was made; returns the slot."""
    if item >= 0:
        memo.slots[slot].length = (
            memo.slots[slot].name_length + table.items[item].text_length
        )
    return slot


cdef void place_slots(Memo* memo) noexcept nogil:
    """Work out where the fields lie."""
    cdef uint32_t at = 0
    cdef size_t i
    for i in range(memo.slot_count):
        memo.places[i] = at
        at += memo.slots[i].length


# hot path


cdef bint memo_same_keys(
    const Memo* memo, const uint8_t* base, const Attribute* items, size_t count
) noexcept nogil:
    """Return whether a state has the same attributes in the same order."""
    cdef const uint8_t* old = memo.raw.data + memo.attributes
    cdef size_t i
    if count != memo.part_count:
        return False
    for i in range(count):
        if items[i].key.length != memo.parts[i].key.length or differ(
            base + items[i].key.start, old + memo.parts[i].key.start, items[i].key.length
        ):
            return False
    return True


cdef void memo_set(
    const Memo* memo, Changes* changes, int32_t slot, size_t at, size_t length
) noexcept nogil:
    """Give a field a new text in the arena; length 0 removes it. Each slot once."""
    cdef size_t i = changes.count
    if length == 0 and memo.slots[slot].length == 0:
        return
    changes.count += 1
    while i and changes.items[i - 1].slot > slot:
        changes.items[i] = changes.items[i - 1]
        i -= 1
    changes.items[i].slot = slot
    changes.items[i].at = <uint32_t> at
    changes.items[i].length = <uint32_t> length


cdef void memo_pass(
    Memo* memo, const uint8_t* base, const Value* state, int32_t depth
) noexcept nogil:
    """Remember a state that gave no point, to know it again as the old one."""
    memo.gone.length = 0
    if depth <= memo.depth and state.length <= MAX_RAW:
        put_span(&memo.gone, span_of(base, state))
    memo.gone.failed = False


cdef void memo_write(
    Memo* memo, const Changes* changes, const Buffer* arena, Buffer* out
) noexcept nogil:
    """Append the fields: runs of old ones as they were, changed ones anew."""
    cdef const uint8_t* old = memo.fields.data
    cdef const Change* change
    cdef Slot* slot
    cdef uint32_t run = 0
    cdef uint32_t at
    cdef uint32_t shift = 0
    cdef size_t next_place = 0
    cdef size_t i
    for i in range(changes.count):
        change = &changes.items[i]
        slot = &memo.slots[change.slot]
        at = memo.places[change.slot]
        if shift:
            move(memo.places, next_place, change.slot + 1, shift)
        next_place = change.slot + 1
        # Unsigned, so that it counts down as well.
        shift -= slot.length
        if slot.length and change.length:
            put(out, old + run, at + slot.name_length - run)
        else:
            put(out, old + run, at - run)
            if change.length:
                put(out, memo.names.data + slot.name, slot.name_length)
        run = at + slot.length
        slot.length = 0
        if change.length:
            put(out, arena.data + change.at, change.length)
            slot.length = slot.name_length + change.length
            shift += slot.length
    put(out, old + run, memo.fields.length - run)
    if shift:
        move(memo.places, next_place, memo.slot_count, shift)


cdef inline void move(
    uint32_t* places, size_t first, size_t end, uint32_t shift
) noexcept nogil:
    cdef size_t i
    for i in range(first, end):
        places[i] += shift


cdef inline bint is_usual(const Memo* memo, Span id) noexcept nogil:
    """Return whether all before the attributes is as Home Assistant writes it.

    Then the id that stands in the state is the entity's own.
    """
    cdef const uint8_t* at = memo.raw.data
    return (
        memo.lead == id.length + 25
        and memo.attributes == memo.middle + 15
        and not differ(at, b'{"entity_id":"', 14)
        and not differ(at + 14, id.at, id.length)
        and not differ(at + 14 + id.length, b'","state":"', 11)
        and not differ(at + memo.middle, b'","attributes":', 15)
    )


cdef void memo_renew(
    Memo* memo, const uint8_t* base, const Value* state, const Value* text,
    const Value* attributes, const Attribute* items, Span fields, bint same,
    int32_t depth, Span id, bint usual,
) noexcept nogil:
    """Remember the bytes of a state whose parts and slots are known.

    `same`: its attributes are those that are remembered already.
    `usual`: all before the attributes is known to be as Home Assistant writes it.
    """
    cdef Part* part
    cdef size_t i
    cdef uint32_t start = attributes.start
    memo.raw.length = 0
    memo.gone.length = 0
    memo.fields.length = 0
    if (
        memo.names.failed
        or not reserve(&memo.raw, state.length)
        or not reserve(&memo.fields, fields.length)
    ):
        memo.raw.failed = memo.fields.failed = memo.names.failed = False
        memo.valid = False
        return
    put_span(&memo.raw, span_of(base, state))
    put_span(&memo.fields, fields)
    # In the line a space stands before the first field.
    if fields.length:
        memo.fields.data[0] = c","
    memo.attributes = start - state.start
    memo.attributes_length = attributes.length
    memo.lead = text.start - state.start
    memo.middle = memo.lead + text.length
    if not usual and not is_usual(memo, id):
        memo.lead = 0
    memo.depth = depth
    memo.version += 1
    memo.valid = memo.used = True
    if same:
        return
    for i in range(memo.part_count):
        part = &memo.parts[i]
        part.key = items[i].key
        part.key.start -= start
        part.value = items[i].value
        part.value.start -= start
