from libc.stdint cimport uint8_t, uint32_t

from hiq._core.buffer cimport Buffer
from hiq._core.scan cimport Cursor
from hiq._core.span cimport Span, Value

cdef enum:
    MAX_KEYS = 64    # of a nested map, more take the slow path

# strings
cdef void put_repr(Buffer* out, Span text) noexcept nogil

# values
cdef bint put_text(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil
cdef bint put_nested(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil
cdef bint put_list(Buffer* out, Cursor* cursor, Buffer* scratch) noexcept nogil
cdef bint put_map(Buffer* out, Cursor* cursor, Buffer* scratch) noexcept nogil
