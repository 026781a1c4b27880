from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport STRING, Span, Value
from hiq._core.table cimport Table
from hiq._core.vector cimport differ, prefetch
from hiq._core.vocabulary cimport Word

cdef enum:
    MAX_PARTS = 256          # attributes of an entity that is remembered
    MAX_RAW = 1 << 15        # bytes of its state
    MAX_SLOTS = 2 * MAX_PARTS + 2

# What a change of the value means.
cdef enum Mode:
    FIELD = 0       # its fields are made anew
    SILENT = 1      # nothing, it is never written
    FRAGILE = 2     # everything is made anew

# One attribute: where it lies in the remembered attributes, and its two fields.
cdef struct Part:
    Value key
    Value value
    const Word* word
    int32_t number   # slots, -1 if it can have none; while a point is made: items
    int32_t text
    uint8_t mode

# One field that there can be, in the order of names.
cdef struct Slot:
    uint32_t name        # `,name=` in the names
    uint32_t name_length
    uint32_t length      # the same with its text in the fields; 0: it is not there

# A field that is made anew: its text in the arena, none if it goes.
cdef struct Change:
    int32_t slot
    uint32_t at
    uint32_t length

# All of one point, in the order of slots.
cdef struct Changes:
    Change[MAX_SLOTS] items
    size_t count

cdef struct Memo:
    Buffer raw           # the state as it came
    Buffer gone          # a later one that gave no point, as it came
    uint32_t attributes  # where its attributes begin in there
    uint32_t attributes_length
    uint32_t lead        # bytes before the text of the state, 0 if they are unusual
    uint32_t middle      # where that text ends, which is `","attributes":` before them
    Buffer fields        # what was made of it, a comma before each field
    Buffer names
    Part* parts
    size_t part_count
    size_t part_capacity
    Slot* slots
    uint32_t* places     # where in the fields each slot is
    size_t slot_count
    size_t slot_capacity
    size_t place_capacity
    int32_t value        # slots of the state itself
    int32_t state
    int32_t depth        # levels that were left where the state began
    uint64_t version     # counts changes
    bint valid
    bint used            # since the hand of who looks for room passed

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
cdef void memo_set(
    const Memo* memo, Changes* changes, int32_t slot, size_t at, size_t length
) noexcept nogil
cdef void memo_pass(
    Memo* memo, const uint8_t* base, const Value* state, int32_t depth
) noexcept nogil
cdef void memo_write(
    Memo* memo, const Changes* changes, const Buffer* arena, Buffer* out
) noexcept nogil
cdef void memo_renew(
    Memo* memo, const uint8_t* base, const Value* state, const Value* text,
    const Value* attributes, const Attribute* items, Span fields, bint same,
    int32_t depth, Span id, bint usual,
) noexcept nogil


cdef inline void memo_expect(const Memo* memo) noexcept nogil:
    """Have all that a line is made from brought near, while the message is compared."""
    prefetch(memo.raw.data, memo.raw.length)
    prefetch(memo.parts, memo.part_count * sizeof(Part))
    prefetch(memo.slots, memo.slot_count * sizeof(Slot))
    prefetch(memo.fields.data, memo.fields.length)
    prefetch(memo.places, memo.slot_count * sizeof(uint32_t))


cdef inline size_t memo_size(const Memo* memo) noexcept nogil:
    """Return the bytes that it holds."""
    return (
        memo.raw.capacity
        + memo.gone.capacity
        + memo.fields.capacity
        + memo.names.capacity
        + memo.part_capacity * sizeof(Part)
        + memo.slot_capacity * sizeof(Slot)
        + memo.place_capacity * sizeof(uint32_t)
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


cdef inline size_t part_end(const Part* part) noexcept nogil:
    """Return where a value ends in the remembered attributes, with its quote."""
    return part.value.start + part.value.length + (part.value.kind == STRING)


cdef inline bint same_value(
    const uint8_t* base, const Value* one, const uint8_t* other_base, const Value* other
) noexcept nogil:
    """Return whether two values are the same bytes."""
    return one.kind == other.kind and one.length == other.length and (
        not differ(base + one.start, other_base + other.start, one.length)
    )

