from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer
from hiq._core.span cimport Span


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return c"0" <= byte <= c"9"


# JSON numbers
cdef bint decimal_fits(const uint8_t* at, size_t length) noexcept nogil
cdef double decimal_value(const uint8_t* at, size_t length) noexcept nogil
cdef bint put_plain(
    Buffer* out, const uint8_t* at, const uint8_t* end, bint integer
) noexcept nogil
cdef void put_number(Buffer* out, Span text, bint integer) noexcept nogil

# doubles
cdef void put_double(Buffer* out, double value) noexcept nogil
