from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memcmp

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport Span, Value
from hiq._core.table cimport Table
from hiq._core.vocabulary cimport Word

cdef enum:
    MAX_PARTS = 256          # attributes of an entity that is remembered
    MAX_RAW = 1 << 15        # bytes of its state

# What a change of the value means.
cdef enum Mode:
    FIELD = 0       # its fields are made anew
    SILENT = 1      # nothing, it is never written
    FRAGILE = 2     # everything is made anew

# One attribute: where it lies in the remembered attributes, and its fields.
cdef struct Part:
    Value key
    Value value
    const Word* word
    int32_t number   # slot, -1 if it has none; while a point is made: item
    int32_t text
    uint8_t mode

# One written field with its separator.
cdef struct Slot:
    uint32_t at      # in the remembered fields
    uint32_t prefix  # bytes of separator, name and `=`
    uint32_t length
    uint32_t new_at      # of its new text, in the arena
    uint32_t new_length
    uint8_t changed

cdef struct Memo:
    Buffer raw           # the state as it came
    uint32_t attributes  # where its attributes begin in there
    uint32_t attributes_length
    Buffer fields        # what was made of it
    Part* parts
    size_t part_count
    size_t part_capacity
    Slot* slots
    size_t slot_count
    size_t slot_capacity
    int32_t value        # slots of the state itself, -1 if there is none
    int32_t state
    int32_t depth        # levels that were left where the state began
    bint valid

# construction
cdef void memo_free(Memo* memo) noexcept nogil
cdef size_t memo_size(const Memo* memo) noexcept nogil
cdef bint memo_keep(Memo* memo, const Table* table) noexcept nogil

# hot path
cdef bint memo_same_keys(
    const Memo* memo, const uint8_t* base, const Attribute* items, size_t count
) noexcept nogil
cdef bint memo_set(
    Memo* memo, int32_t slot, bint there, size_t at, size_t length
) noexcept nogil
cdef void memo_write(Memo* memo, const Buffer* arena, Buffer* out) noexcept nogil
cdef void memo_renew(
    Memo* memo, const uint8_t* base, const Value* state, const Value* attributes,
    const Attribute* items, Span fields, bint same, int32_t depth,
) noexcept nogil


cdef inline bint memo_has_state(
    const Memo* memo, const uint8_t* at, const uint8_t* end, int32_t depth
) noexcept nogil:
    """Return whether the remembered state stands at `at`: it is checked already."""
    return (
        memo.raw.length
        and depth >= memo.depth
        and <size_t> (end - at) >= memo.raw.length
        and memcmp(at, memo.raw.data, memo.raw.length) == 0
    )


cdef inline bint memo_has_attributes(
    const Memo* memo, const uint8_t* at, const uint8_t* end
) noexcept nogil:
    """Return whether the remembered attributes stand at `at`."""
    return (
        memo.valid
        and <size_t> (end - at) >= memo.attributes_length
        and memcmp(
            at, memo.raw.data + memo.attributes, memo.attributes_length
        ) == 0
    )


cdef inline bint same_value(
    const uint8_t* base, const Value* one, const uint8_t* other_base, const Value* other
) noexcept nogil:
    """Return whether two values are the same bytes."""
    return one.kind == other.kind and one.length == other.length and (
        memcmp(base + one.start, other_base + other.start, one.length) == 0
    )

