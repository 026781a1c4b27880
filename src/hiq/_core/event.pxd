from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hiq._core.scan cimport Cursor
from hiq._core.span cimport Value
from hiq._core.status cimport Status

cdef struct Attribute:
    Value key
    Value value
    uint64_t hash    # of the key without escapes, set by `unique`

# One message. What the JSON does not have is MISSING.
cdef struct Event:
    Value message
    uint32_t start      # of the whole message, and its bytes
    uint32_t length
    bint is_state
    Value type
    Value event
    Value event_type
    Value time_fired
    Value context
    Value data
    Value entity_id
    Value old_state
    Value new_state
    Value state
    Value attributes
    size_t first    # of its attributes in the tape
    size_t count

# The messages of one frame and the attributes of their new states, in order.
cdef struct Tape:
    Event* events
    size_t event_count
    size_t event_capacity
    Attribute* items
    size_t item_count
    size_t item_capacity

# construction
cdef void tape_free(Tape* tape) noexcept nogil
cdef void tape_trim(Tape* tape) noexcept nogil

# hot path
cdef Status read_frame(Tape* tape, const uint8_t* base, size_t length) noexcept nogil
cdef bint read_message(Cursor* cursor, Tape* tape) noexcept nogil
cdef bint read_event(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
cdef bint read_data(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
cdef bint read_state(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
cdef bint read_attributes(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
