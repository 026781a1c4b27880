from libc.stdint cimport uint8_t, uint32_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport ESCAPED, HIGH, Span, Value, span_of


cdef inline Span text_of(
    const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil:
    """Return the text of a string value; unescaped into `scratch` if need be.

    The span is valid until `scratch` grows again.
    """
    if value.flags & ESCAPED:
        return unescaped(base, value, scratch)
    return span_of(base, value)


# JSON text
cdef void put_unescaped(Buffer* out, Span raw) noexcept nogil
cdef Span unescaped(
    const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil
cdef bint is_text(const uint8_t* base, const Value* value, Span word) noexcept nogil

# line breaks
cdef bint has_breaks(Span text) noexcept nogil
cdef size_t one_line(uint8_t* at, size_t length) noexcept nogil

# names and strings of line protocol
cdef bint is_simple(Span text) noexcept nogil
cdef void put_clean_name(Buffer* out, Span text) noexcept nogil
cdef void put_escaped(Buffer* out, Span text, bint equals) noexcept nogil
cdef void put_quoted(Buffer* out, Span text) noexcept nogil
