from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport Span, Value

# hot path
cdef void put_string(Buffer* out, Span text, Buffer* scratch) noexcept nogil
cdef void put_string_of(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* text, Buffer* scratch
) noexcept nogil
cdef bint put_capped(
    Buffer* out, Span text, size_t most, Buffer* scratch
) noexcept nogil
cdef Span json_text(Span raw, Buffer* scratch) noexcept nogil
