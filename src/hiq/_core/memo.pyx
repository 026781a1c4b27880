"""What was made of an entity's last state, so that only what differs is made anew.

Real states change in one or two values, under the same attributes. Kept are the
bytes of the state, where its attributes lie in them, and the written fields. It
holds no rule: what it cannot tell is made from scratch. It is changed only by
events of a frame that has been accepted.
"""

from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.arrange cimport table_arrange
from hiq._core.buffer cimport (
    LOOSE, Buffer, buffer_free, grow_array, put, put_byte, put_span, reserve,
)
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport ESCAPED, STRING, Span, Value, span, span_of
from hiq._core.table cimport Item, Place, Table, table_clear, table_put
from hiq._core.vector cimport copy, copy_loose, differ

# construction


cdef void memo_free(Memo* memo) noexcept nogil:
    """Give all memory back; nothing is remembered."""
    buffer_free(&memo.raw)
    buffer_free(&memo.gone)
    buffer_free(&memo.fields)
    buffer_free(&memo.names)
    free(memo.parts)
    free(memo.slots)
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
    memo.slot_count = <uint32_t> names.place_count
    memo.names.length = 0
    for i in range(memo.slot_count):
        slot = &memo.slots[i]
        place = &names.places[i]
        slot.name = <uint16_t> memo.names.length
        put_byte(&memo.names, c",")
        put(&memo.names, names.arena.data + place.name, place.length)
        put_byte(&memo.names, c"=")
        slot.name_length = <uint16_t> (memo.names.length - slot.name)
        slot.length = 0
    if memo.names.length > MAX_FIELDS:
        memo.names.failed = True
    # Items of the names stand in the order of the plan.
    memo.value = settle(memo, table, memo.value, names.items[0].slot)
    memo.state = settle(memo, table, memo.state, names.items[1].slot)
    for i in range(memo.part_count):
        if memo.parts[i].mode == SILENT:
            continue
        memo.parts[i].number = <int16_t> settle(
            memo, table, memo.parts[i].number, names.items[next_name].slot
        )
        memo.parts[i].text = <int16_t> settle(
            memo, table, memo.parts[i].text, names.items[next_name + 1].slot
        )
        next_name += 2
    place_slots(memo)


cdef inline int32_t settle(
    Memo* memo, const Table* table, int32_t item, int32_t slot
) noexcept nogil:
    """Note the bytes of a slot whose field was made; returns the slot."""
    if item >= 0:
        memo.slots[slot].length = <uint16_t> (
            memo.slots[slot].name_length + table.items[item].text_length
        )
    return slot


cdef void place_slots(Memo* memo) noexcept nogil:
    """Work out where the fields lie."""
    cdef uint32_t at = 0
    cdef size_t i
    for i in range(memo.slot_count):
        memo.slots[i].place = <uint16_t> at
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
        if items[i].key.length != memo.parts[i].key_length or differ(
            base + items[i].key.start, old + memo.parts[i].key, items[i].key.length
        ):
            return False
    return True


cdef void memo_pass(
    Memo* memo, const uint8_t* base, const Value* state, int32_t depth
) noexcept nogil:
    """Remember a state that gave no point, to know it again as the old one."""
    memo.gone.length = 0
    if depth <= memo.depth and state.length <= MAX_RAW:
        put_span(&memo.gone, span_of(base, state))
    memo.gone.failed = False


cdef void memo_write(
    Memo* memo, const Changes* changes, const Buffer* arena, Span head, Buffer* out
) noexcept nogil:
    """Append the head, and the fields: runs of old ones as they were, changed ones anew.

    Behind the texts of head and arena are `LOOSE` bytes that may be read.
    """
    cdef const uint8_t* old = memo.fields.data
    cdef const Change* change
    cdef Slot* slot
    cdef uint8_t* to
    cdef size_t run = 0
    cdef size_t length
    cdef uint16_t made
    # Unsigned, so that it counts down as well.
    cdef uint16_t shift = 0
    cdef size_t next_slot = 0
    cdef size_t i
    if not reserve(out, head.length + memo.fields.length + changes.bytes + LOOSE):
        return
    to = out.data + out.length
    copy_loose(to, head.at, head.length)
    to += head.length
    for i in range(changes.count):
        change = &changes.items[i]
        slot = &memo.slots[change.slot]
        length = slot.place - run
        made = 0
        if change.length:
            made = <uint16_t> (slot.name_length + change.length)
            if slot.length:
                length += slot.name_length
        copy_loose(to, old + run, length)
        to += length
        if change.length:
            if not slot.length:
                copy(to, memo.names.data + slot.name, slot.name_length)
                to += slot.name_length
            copy_loose(to, arena.data + change.at, change.length)
            to += change.length
        run = slot.place + slot.length
        if made != slot.length or shift:
            if shift:
                move_slots(memo.slots, next_slot, change.slot + 1, shift)
            next_slot = change.slot + 1
            shift += made - slot.length
            slot.length = made
    length = memo.fields.length - run
    copy_loose(to, old + run, length)
    out.length = to + length - out.data
    if shift:
        move_slots(memo.slots, next_slot, memo.slot_count, shift)


cdef inline void move_slots(
    Slot* slots, size_t first, size_t end, uint16_t shift
) noexcept nogil:
    cdef size_t i
    for i in range(first, end):
        slots[i].place += shift


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
    const Value* attributes, Span fields, int32_t depth, Span id, bint usual,
) noexcept nogil:
    """Remember the bytes of a state whose slots are known; its parts are noted apart.

    `usual`: all before the attributes is known to be as Home Assistant writes it.
    """
    memo.raw.length = 0
    memo.gone.length = 0
    memo.fields.length = 0
    if (
        memo.names.failed
        or state.length > MAX_RAW
        or fields.length > MAX_FIELDS
        or not reserve(&memo.raw, state.length)
        or fields.length and not reserve(&memo.fields, fields.length + LOOSE)
    ):
        memo.raw.failed = memo.fields.failed = memo.names.failed = False
        memo.valid = False
        return
    copy(memo.raw.data, base + state.start, state.length)
    if fields.length:
        copy(memo.fields.data, fields.at, fields.length)
        # In the line a space stands before the first field.
        memo.fields.data[0] = c","
    memo.is_bare = fields.length == 0
    memo.raw.length = state.length
    memo.fields.length = fields.length
    memo.attributes = attributes.start - state.start
    memo.attributes_length = attributes.length
    memo.lead = text.start - state.start
    memo.middle = memo.lead + text.length
    if not usual and not is_usual(memo, id):
        memo.lead = 0
    memo.depth = depth
    memo.version += 1
    memo.valid = memo.used = True


cdef void memo_note_parts(
    Memo* memo, const Attribute* items, uint32_t start
) noexcept nogil:
    """Note where all attributes lie, which begin at `start`."""
    cdef Part* part
    cdef size_t i
    for i in range(memo.part_count):
        part = &memo.parts[i]
        part.key = <uint16_t> (items[i].key.start - start)
        part.key_length = <uint16_t> items[i].key.length
        note_value(part, &items[i].value, start)


cdef inline void note_value(
    Part* part, const Value* value, uint32_t start
) noexcept nogil:
    part.value = <uint16_t> (value.start - start)
    part.value_length = <uint16_t> value.length
    part.kind = value.kind
    part.end = <uint16_t> (part.value + part.value_length + (value.kind == STRING))


cdef void memo_move_parts(
    Memo* memo, const Attribute* items, size_t count, uint32_t start
) noexcept nogil:
    """Note the values that have changed, of attributes that begin at `start`."""
    cdef Part* part
    cdef uint16_t shift = 0
    cdef uint16_t end
    cdef size_t next_part = 0
    cdef size_t i
    for i in range(count):
        if shift:
            move_parts(memo.parts, next_part, items[i].key.start, shift)
        next_part = items[i].key.start + 1
        part = &memo.parts[items[i].key.start]
        part.key += shift
        end = part.end
        note_value(part, &items[i].value, start)
        shift = part.end - end
    if shift:
        move_parts(memo.parts, next_part, memo.part_count, shift)


cdef inline void move_parts(
    Part* parts, size_t first, size_t end, uint16_t shift
) noexcept nogil:
    cdef size_t i
    for i in range(first, end):
        parts[i].key += shift
        parts[i].value += shift
        parts[i].end += shift
