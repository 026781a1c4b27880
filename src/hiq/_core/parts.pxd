from libc.stdint cimport uint8_t

from hiq._core.event cimport Event
from hiq._core.span cimport Value

# What a schema may want of an event besides the new state. MISSING if it has not.
cdef struct Parts:
    Value old_text
    Value old_changed
    Value old_attributes
    Value text
    Value changed
    Value attributes
    Value context_id
    Value parent_id
    Value user_id

# What a schema may want of attributes.
cdef struct Marks:
    Value device_class
    Value unit
    Value area

# hot path
cdef void read_parts(const uint8_t* base, const Event* event, Parts* out) noexcept nogil
cdef void read_marks(
    const uint8_t* base, const Value* attributes, Marks* out
) noexcept nogil
