from libc.stdint cimport uint8_t

from hiq._core.span cimport ESCAPED, Span, Value, same, span, span_of

# The keys of Home Assistant's envelope that mean something here.
cdef enum Name:
    OTHER
    TYPE
    DATA
    EVENT
    STATE
    CONTEXT
    ENTITY_ID
    OLD_STATE
    NEW_STATE
    EVENT_TYPE
    TIME_FIRED
    ATTRIBUTES


cdef inline bint named(Span key, const char* word) noexcept nogil:
    return same(key, span(<const uint8_t*> word, key.length))


cdef inline Name name_of(const uint8_t* base, const Value* key) noexcept nogil:
    """Return which of the known keys it is."""
    cdef Span raw
    if key.flags & ESCAPED:
        return escaped_name(base, key)
    raw = span_of(base, key)
    if raw.length == 10:
        if named(raw, b"attributes"):
            return ATTRIBUTES
        if named(raw, b"event_type"):
            return EVENT_TYPE
        return TIME_FIRED if named(raw, b"time_fired") else OTHER
    if raw.length == 5:
        if named(raw, b"state"):
            return STATE
        return EVENT if named(raw, b"event") else OTHER
    if raw.length == 9:
        if named(raw, b"entity_id"):
            return ENTITY_ID
        if named(raw, b"old_state"):
            return OLD_STATE
        return NEW_STATE if named(raw, b"new_state") else OTHER
    if raw.length == 7:
        return CONTEXT if named(raw, b"context") else OTHER
    if raw.length == 4:
        if named(raw, b"data"):
            return DATA
        return TYPE if named(raw, b"type") else OTHER
    return OTHER


# error path of escapes
cdef Name escaped_name(const uint8_t* base, const Value* key) noexcept nogil
