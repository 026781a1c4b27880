from libc.stdint cimport int64_t

from hiq._core.buffer cimport Buffer

# The last second that was written, with the space before it.
cdef struct Stamp:
    int64_t second
    Buffer text

# construction
cdef void stamp_free(Stamp* last) noexcept nogil

# hot path
cdef void put_integer(Buffer* out, int64_t value) noexcept nogil
cdef void put_stamp(Buffer* out, Stamp* last, int64_t time_ns) noexcept nogil
