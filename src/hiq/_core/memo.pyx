"""What was made of an entity's last state, so that only what differs is made anew.

Real states change in one or two values, under the same attributes. Kept are the
bytes of the state, where its attributes lie in them, and the written fields. It
holds no rule: what it cannot tell is made from scratch. It is changed only by
events of a frame that has been accepted.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memset

from hiq._core.buffer cimport (
    Buffer, buffer_free, grow_array, put, put_span, reserve,
)
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport Span, Value, span_of
from hiq._core.table cimport Item, Table

# construction


cdef void memo_free(Memo* memo) noexcept nogil:
    """Give all memory back; nothing is remembered."""
    buffer_free(&memo.raw)
    buffer_free(&memo.fields)
    free(memo.parts)
    free(memo.slots)
    memset(memo, 0, sizeof(Memo))


cdef size_t memo_size(const Memo* memo) noexcept nogil:
    """Return the bytes that it holds."""
    return (
        memo.raw.capacity
        + memo.fields.capacity
        + memo.part_capacity * sizeof(Part)
        + memo.slot_capacity * sizeof(Slot)
    )


cdef bint memo_keep(Memo* memo, const Table* table) noexcept nogil:
    """Remember which written field comes from what; False without memory.

    `parts`, `value` and `state` hold numbers of items, and get those of slots.
    """
    cdef Slot* slot
    cdef const Item* item
    cdef size_t i
    cdef size_t at = 0
    if not grow_array(
        <void**> &memo.slots, &memo.slot_capacity, table.place_count, sizeof(Slot)
    ):
        return False
    memo.slot_count = table.place_count
    for i in range(memo.slot_count):
        item = &table.items[table.places[i].item]
        slot = &memo.slots[i]
        slot.at = <uint32_t> at
        slot.prefix = table.places[i].length + (2 if i else 1)
        slot.length = slot.prefix + item.text_length
        slot.changed = False
        at += slot.length
    memo.value = slot_of(table, memo.value)
    memo.state = slot_of(table, memo.state)
    for i in range(memo.part_count):
        memo.parts[i].number = slot_of(table, memo.parts[i].number)
        memo.parts[i].text = slot_of(table, memo.parts[i].text)
    return True


cdef inline int32_t slot_of(const Table* table, int32_t item) noexcept nogil:
    return table.items[item].slot if item >= 0 else -1


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
        if items[i].key.length != memo.parts[i].key.length or memcmp(
            base + items[i].key.start, old + memo.parts[i].key.start, items[i].key.length
        ):
            return False
    return True


cdef bint memo_set(
    Memo* memo, int32_t slot, bint there, size_t at, size_t length
) noexcept nogil:
    """Give a field a new text; False if it was not there before, or is not now."""
    if (slot >= 0) != there:
        return False
    if there:
        memo.slots[slot].changed = True
        memo.slots[slot].new_at = <uint32_t> at
        memo.slots[slot].new_length = <uint32_t> length
    return True


cdef void memo_write(Memo* memo, const Buffer* arena, Buffer* out) noexcept nogil:
    """Append the fields: runs of old ones as they were, changed ones anew."""
    cdef const uint8_t* old = memo.fields.data
    cdef Slot* slot
    cdef size_t run = 0
    cdef size_t i
    cdef uint32_t at = 0
    cdef uint32_t end
    for i in range(memo.slot_count):
        slot = &memo.slots[i]
        end = slot.at + slot.length
        if slot.changed:
            slot.changed = False
            put(out, old + run, slot.at + slot.prefix - run)
            put(out, arena.data + slot.new_at, slot.new_length)
            run = end
            slot.length = slot.prefix + slot.new_length
        slot.at = at
        at += slot.length
    put(out, old + run, memo.fields.length - run)


cdef void memo_renew(
    Memo* memo, const uint8_t* base, const Value* state, const Value* attributes,
    const Attribute* items, Span fields, bint same, int32_t depth,
) noexcept nogil:
    """Remember the bytes of a state whose parts and slots are known.

    `same`: its attributes are those that are remembered already.
    """
    cdef Part* part
    cdef size_t i
    cdef uint32_t start = attributes.start
    memo.raw.length = 0
    memo.fields.length = 0
    if not reserve(&memo.raw, state.length) or not reserve(
        &memo.fields, fields.length
    ):
        memo.raw.failed = memo.fields.failed = False
        memo.valid = False
        return
    put_span(&memo.raw, span_of(base, state))
    put_span(&memo.fields, fields)
    memo.attributes = start - state.start
    memo.attributes_length = attributes.length
    memo.depth = depth
    memo.valid = True
    if same:
        return
    for i in range(memo.part_count):
        part = &memo.parts[i]
        part.key = items[i].key
        part.key.start -= start
        part.value = items[i].value
        part.value.start -= start
