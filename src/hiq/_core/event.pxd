from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.attribute cimport Attribute
from hiq._core.memo cimport Memo
from hiq._core.outline cimport OUTLINES, Outlines
from hiq._core.scan cimport Cursor
from hiq._core.span cimport MAP, STRING, Value
from hiq._core.tags cimport Entities

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
    size_t first        # of its attributes in the tape
    size_t count
    bint is_unread      # its attributes are not in the tape: they are remembered
    bint is_usual       # it was recognised whole
    bint is_recalled    # in the tape are only those that changed since `version`
    uint64_t version
    uint32_t entity     # number in the table of entities, 0 if it is not there
    const Memo* memo    # what is remembered of it, only while the frame is read
    int32_t depth       # levels that were left where the new state begins

# The messages of one frame and the attributes of their new states, in order.
cdef struct Tape:
    Event* events
    size_t event_count
    size_t event_capacity
    Attribute* items
    size_t item_count
    size_t item_capacity
    Outlines tails             # of states, from behind their attributes
    Outlines ends              # of messages, from behind the new state
    uint32_t[OUTLINES] closing # bytes from the end of `event` on, of each of `ends`
    const uint8_t* rest        # where such an end may begin, NULL if it is unusual


cdef inline bint is_partial(const Event* event) noexcept nogil:
    """Return whether there are attributes that are not in the tape."""
    return event.is_unread or event.is_recalled


cdef inline bint at_map(Cursor* cursor) noexcept nogil:
    return cursor.at < cursor.end and cursor.at[0] == c"{"


cdef inline void note(Value* value, const uint8_t* base, const uint8_t* at) noexcept nogil:
    value.kind = MAP
    value.flags = 0
    value.start = <uint32_t> (at - base)


cdef inline void note_text(
    Value* value, const uint8_t* base, const uint8_t* at, uint32_t length
) noexcept nogil:
    value.kind = STRING
    value.flags = 0
    value.start = <uint32_t> (at - base)
    value.length = length


cdef inline void note_end(Value* value, Cursor* cursor) noexcept nogil:
    value.length = <uint32_t> (cursor.at - cursor.base) - value.start


# hot path
cdef bint read_message(
    Cursor* cursor, Tape* tape, Entities entities
) noexcept nogil
cdef void learn_end(
    Tape* tape, const Event* event, const uint8_t* base, const uint8_t* end
) noexcept nogil
cdef bint read_event(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil
cdef bint read_data(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil
