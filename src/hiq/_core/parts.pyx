"""Parts of an event that only some schemas want: the old state, times, the context.

They are looked for in bytes that have been checked already, and only when a schema
asks, so that the others pay nothing. Of repeated keys the last one counts.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memset

from hiq._core.event cimport Event
from hiq._core.scan cimport (
    MAX_DEPTH, Cursor, enter, inside, next_key, scan_value, skip_space,
)
from hiq._core.span cimport ESCAPED, MAP, STRING, Value, span
from hiq._core.status cimport Status
from hiq._core.text cimport is_text
from hiq._core.vector cimport differ

cdef enum:
    BEFORE_OLD = 14    # bytes between the id and the old state of a usual event
    BEFORE_NEW = 13    # bytes between the old and the new state


cdef inline bint is_key(
    const uint8_t* base, const Value* key, const char* word, size_t length
) noexcept nogil:
    if key.flags & ESCAPED:
        return is_text(base, key, span(<const uint8_t*> word, length))
    return key.length == length and memcmp(base + key.start, word, length) == 0


cdef void read_state_parts(
    const uint8_t* base, const Value* state, const Value* likely, Value* text,
    Value* changed, Value* attributes,
) noexcept nogil:
    """Find the parts of a state; `likely` are attributes that it may have too."""
    cdef Cursor cursor
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef bint first = True
    inside(&cursor, base, state)
    if not enter(&cursor):
        return
    while next_key(&cursor, &key, first) > 0:
        first = False
        target = &other
        if is_key(base, &key, b"state", 5):
            target = text
        elif is_key(base, &key, b"last_changed", 12):
            target = changed
        elif is_key(base, &key, b"attributes", 10):
            target = attributes
            if (
                likely.kind == MAP
                and <size_t> (cursor.end - cursor.at) > likely.length
                and not differ(cursor.at, base + likely.start, likely.length)
            ):
                target.kind = MAP
                target.flags = 0
                target.start = <uint32_t> (cursor.at - base)
                target.length = likely.length
                cursor.at += likely.length
                continue
        if not scan_value(&cursor, target):
            return


cdef void read_context(
    const uint8_t* base, const Value* context, Parts* out
) noexcept nogil:
    """Find the ids of a context."""
    cdef Cursor cursor
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef bint first = True
    inside(&cursor, base, context)
    if not enter(&cursor):
        return
    while next_key(&cursor, &key, first) > 0:
        first = False
        target = &other
        if is_key(base, &key, b"id", 2):
            target = &out.context_id
        elif is_key(base, &key, b"parent_id", 9):
            target = &out.parent_id
        elif is_key(base, &key, b"user_id", 7):
            target = &out.user_id
        if not scan_value(&cursor, target):
            return


cdef void find_context(
    const uint8_t* base, const Event* event, Value* out
) noexcept nogil:
    """Find the context behind the new state of an event that was recognised whole."""
    cdef Cursor cursor
    cdef Value key
    cdef Value other
    cdef Value* target
    cursor.base = base
    cursor.at = base + event.new_state.start + event.new_state.length
    cursor.end = base + event.start + event.length
    cursor.depth = MAX_DEPTH
    cursor.status = Status.OK
    skip_space(&cursor)
    cursor.at += 1  # the end of the data
    while next_key(&cursor, &key, False) > 0:
        target = out if is_key(base, &key, b"context", 7) else &other
        if not scan_value(&cursor, target):
            return


# hot path


cdef void read_parts(const uint8_t* base, const Event* event, Parts* out) noexcept nogil:
    """Find all parts of a state event."""
    cdef Value old = event.old_state
    cdef Value context = event.context
    memset(out, 0, sizeof(Parts))
    if event.is_usual:
        old.start = event.entity_id.start + event.entity_id.length + BEFORE_OLD
        old.length = event.new_state.start - BEFORE_NEW - old.start
        old.kind = MAP if base[old.start] == c"{" else 0
        context.kind = 0
        find_context(base, event, &context)
    if event.new_state.kind == MAP:
        read_state_parts(
            base, &event.new_state, &event.attributes, &out.text, &out.changed,
            &out.attributes,
        )
    if old.kind == MAP:
        read_state_parts(
            base, &old, &event.attributes, &out.old_text, &out.old_changed,
            &out.old_attributes,
        )
    if context.kind == MAP:
        read_context(base, &context, out)


cdef void read_marks(
    const uint8_t* base, const Value* attributes, Marks* out
) noexcept nogil:
    """Find what names a series in attributes."""
    cdef Cursor cursor
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef bint first = True
    memset(out, 0, sizeof(Marks))
    if attributes.kind != MAP:
        return
    inside(&cursor, base, attributes)
    if not enter(&cursor):
        return
    while next_key(&cursor, &key, first) > 0:
        first = False
        target = &other
        if is_key(base, &key, b"device_class", 12):
            target = &out.device_class
        elif is_key(base, &key, b"unit_of_measurement", 19):
            target = &out.unit
        elif is_key(base, &key, b"area", 4):
            target = &out.area
        if not scan_value(&cursor, target):
            return
