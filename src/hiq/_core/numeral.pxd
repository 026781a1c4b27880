from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport Span

cdef enum Numeric:
    NOT_A_NUMBER = 0
    FINITE = 1
    NOT_FINITE = 2

# grammar
cdef bint fold(Buffer* out, Span text) noexcept nogil
cdef int word_value(const uint8_t* at, size_t length) noexcept nogil
cdef bint put_digits(
    Buffer* out, const uint8_t** start, const uint8_t* end
) noexcept nogil
cdef Numeric put_general(Buffer* out, Span text, Buffer* scratch) noexcept nogil
cdef Numeric put_decimal(
    Buffer* out, const uint8_t* at, const uint8_t* end
) noexcept nogil

# numbers in text
cdef Numeric put_text_number(
    Buffer* out, Span text, bint high, Buffer* scratch
) noexcept nogil
cdef Numeric put_digit_tail(Buffer* out, Span text, Buffer* scratch) noexcept nogil
