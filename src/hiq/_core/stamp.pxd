from libc.stdint cimport int64_t, uint8_t

from hiq._core.buffer cimport Buffer

# The last second that was written, with the space before it.
cdef struct Stamp:
    int64_t second
    size_t length
    uint8_t[16] text

# hot path
cdef void put_integer(Buffer* out, int64_t value) noexcept nogil
cdef void put_stamp(Buffer* out, Stamp* last, int64_t time_ns) noexcept nogil
