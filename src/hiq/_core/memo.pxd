from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport STRING, Span, Value
from hiq._core.table cimport Table
from hiq._core.vector cimport differ, differ_loose, prefetch
from hiq._core.vocabulary cimport Word

cdef enum:
    MAX_PARTS = 256          # attributes of an entity that is remembered
    MAX_RAW = 1 << 15        # bytes of its state
    MAX_SLOTS = 2 * MAX_PARTS + 2
    NEAR = 256               # bytes of each that most entities have at least
    MAX_FIELDS = (1 << 16) - 1   # bytes of its fields, and of their names

# What a change of the value means.
cdef enum Mode:
    FIELD = 0       # its fields are made anew
    SILENT = 1      # nothing, it is never written
    FRAGILE = 2     # everything is made anew

# One attribute: where it lies in the remembered attributes, and its two fields.
cdef struct Part:
    const Word* word
    uint16_t key
    uint16_t key_length
    uint16_t value
    uint16_t value_length
    uint16_t end     # of the value, with its quote
    int16_t number   # slots, -1 if it can have none; while a point is made: items
    int16_t text
    uint8_t kind     # of the value
    uint8_t mode

# One field that there can be, in the order of names.
cdef struct Slot:
    uint16_t name        # `,name=` in the names
    uint16_t name_length
    uint16_t length      # the same with its text in the fields; 0: it is not there
    uint16_t place       # where it is in the fields, or would be

# A field that is made anew: its text in the arena, none if it goes.
cdef struct Change:
    int32_t slot
    uint32_t at
    uint32_t length

# All of one point, in the order of slots.
cdef struct Changes:
    Change[MAX_SLOTS] items
    size_t count
    size_t bytes         # that they take at the most

# What each event needs comes first, so that it is brought near together.
cdef struct Memo:
    Buffer raw           # the state as it came
    uint32_t attributes  # where its attributes begin in there
    uint32_t attributes_length
    uint32_t lead        # bytes before the text of the state, 0 if they are unusual
    uint32_t middle      # where that text ends, which is `","attributes":` before them
    Part* parts
    Slot* slots
    uint32_t part_count
    uint32_t slot_count
    int32_t depth        # levels that were left where the state began
    int32_t value        # slots of the state itself
    int32_t state
    bint valid
    bint is_bare         # it gave no point: there are neither slots nor fields
    bint used            # since the hand of who looks for room passed
    uint64_t version     # counts changes
    Buffer fields        # what was made of it, a comma before each field
    Buffer gone          # a later one that gave no point, as it came
    Buffer names
    size_t part_capacity
    size_t slot_capacity

# construction
cdef void memo_free(Memo* memo) noexcept nogil
cdef void memo_forget(Memo* memo) noexcept nogil
cdef bint memo_plan(
    Memo* memo, const uint8_t* base, const Attribute* items, Table* names
) noexcept nogil
cdef void memo_keep(Memo* memo, const Table* table, const Table* names) noexcept nogil

# hot path
cdef bint memo_same_keys(
    const Memo* memo, const uint8_t* base, const Attribute* items, size_t count
) noexcept nogil
cdef void memo_pass(
    Memo* memo, const uint8_t* base, const Value* state, int32_t depth
) noexcept nogil
cdef void memo_write(
    Memo* memo, const Changes* changes, const Buffer* arena, Span head, Buffer* out
) noexcept nogil
cdef void memo_renew(
    Memo* memo, const uint8_t* base, const Value* state, const Value* text,
    const Value* attributes, Span fields, int32_t depth, Span id, bint usual,
) noexcept nogil
cdef void memo_note_parts(
    Memo* memo, const Attribute* items, uint32_t start
) noexcept nogil
cdef void memo_move_parts(
    Memo* memo, const Attribute* items, size_t count, uint32_t start
) noexcept nogil


cdef inline void memo_expect(const Memo* memo) noexcept nogil:
    """Have all that a line is made from brought near, while the message is compared."""
    prefetch(memo.raw.data, NEAR)
    prefetch(memo.parts, NEAR)
    prefetch(memo.slots, NEAR)
    prefetch(memo.fields.data, NEAR)


cdef inline size_t memo_size(const Memo* memo) noexcept nogil:
    """Return the bytes that it holds."""
    return (
        memo.raw.capacity
        + memo.gone.capacity
        + memo.fields.capacity
        + memo.names.capacity
        + memo.part_capacity * sizeof(Part)
        + memo.slot_capacity * sizeof(Slot)
    )


cdef inline size_t memo_old_state(
    const Memo* memo, const uint8_t* at, const uint8_t* end, int32_t depth
) noexcept nogil:
    """Return the bytes of a known state if it stands at `at`, else 0.

    It was the entity's when it was accepted, so it is checked already.
    """
    cdef size_t left = end - at
    cdef size_t length = memo.raw.length
    if depth < memo.depth:
        return 0
    if length and left >= length and not differ(at, memo.raw.data, length):
        return length
    length = memo.gone.length
    if length and left >= length and not differ(at, memo.gone.data, length):
        return length
    return 0


cdef inline bint memo_has_attributes(
    const Memo* memo, const uint8_t* at, const uint8_t* end
) noexcept nogil:
    """Return whether the remembered attributes stand at `at`."""
    return (
        <size_t> (end - at) >= memo.attributes_length
        and not differ(
            at, memo.raw.data + memo.attributes, memo.attributes_length
        )
    )


cdef inline bint same_state(
    const Memo* memo, const uint8_t* base, const Value* text, bint usual
) noexcept nogil:
    """Return whether the text of a state is known to be the remembered one.

    `usual`: attributes stand behind it, as behind the remembered one.
    """
    cdef const uint8_t* at = base + text.start
    cdef const uint8_t* old = memo.raw.data + memo.lead
    if memo.lead == 0 or text.length != memo.middle - memo.lead:
        return False
    if usual:
        return not differ_loose(at, old, text.length)
    return not differ(at, old, text.length)


cdef inline bint same_value(
    const uint8_t* base, const Value* value, const uint8_t* old, const Part* part
) noexcept nogil:
    """Return whether a value is the same bytes as the remembered one."""
    return value.kind == part.kind and value.length == part.value_length and (
        not differ(base + value.start, old + part.value, value.length)
    )


cdef inline void memo_set(
    const Memo* memo, Changes* changes, int32_t number, size_t at, size_t length
) noexcept nogil:
    """Give a field a new text in the arena; length 0 removes it. Each slot once."""
    cdef const Slot* slot = &memo.slots[number]
    cdef size_t i = changes.count
    if length == 0 and slot.length == 0:
        return
    changes.count += 1
    changes.bytes += slot.name_length + length
    while i and changes.items[i - 1].slot > number:
        changes.items[i] = changes.items[i - 1]
        i -= 1
    changes.items[i].slot = number
    changes.items[i].at = <uint32_t> at
    changes.items[i].length = <uint32_t> length
