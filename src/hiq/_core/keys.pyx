"""The known keys of Home Assistant's envelope, told apart by length first.

Keys written plainly are compared in `keys.pxd`, inline. Here are those that are
written with escapes, which is legal and never happens.
"""

from libc.stdint cimport uint8_t

from hiq._core.span cimport Value, span
from hiq._core.text cimport is_text

# error path of escapes


cdef Name escaped_name(const uint8_t* base, const Value* key) noexcept nogil:
    """Return the same for a key that is written with escapes."""
    if is_text(base, key, span(<const uint8_t*> b"type", 4)):
        return TYPE
    if is_text(base, key, span(<const uint8_t*> b"data", 4)):
        return DATA
    if is_text(base, key, span(<const uint8_t*> b"event", 5)):
        return EVENT
    if is_text(base, key, span(<const uint8_t*> b"state", 5)):
        return STATE
    if is_text(base, key, span(<const uint8_t*> b"context", 7)):
        return CONTEXT
    if is_text(base, key, span(<const uint8_t*> b"entity_id", 9)):
        return ENTITY_ID
    if is_text(base, key, span(<const uint8_t*> b"old_state", 9)):
        return OLD_STATE
    if is_text(base, key, span(<const uint8_t*> b"new_state", 9)):
        return NEW_STATE
    if is_text(base, key, span(<const uint8_t*> b"event_type", 10)):
        return EVENT_TYPE
    if is_text(base, key, span(<const uint8_t*> b"time_fired", 10)):
        return TIME_FIRED
    if is_text(base, key, span(<const uint8_t*> b"attributes", 10)):
        return ATTRIBUTES
    return OTHER
