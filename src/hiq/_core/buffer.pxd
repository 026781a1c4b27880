# A growing byte buffer of plain C. A failed allocation is remembered in `failed`
# and drops what is written, so that callers check once at the end, not per byte.

from libc.stdint cimport uint8_t

from hiq._core.span cimport Span
from hiq._core.vector cimport copy

cdef enum:
    LOOSE = 32    # bytes behind the end that `copy_loose` may touch

cdef struct Buffer:
    uint8_t* data
    size_t length
    size_t capacity
    bint failed

# construction
cdef void buffer_free(Buffer* buffer) noexcept nogil
cdef void buffer_trim(Buffer* buffer, size_t keep) noexcept nogil

# hot path
cdef bint buffer_grow(Buffer* buffer, size_t extra) noexcept nogil
cdef bint array_grow(
    void** items, size_t* capacity, size_t wanted, size_t size
) noexcept nogil


cdef inline bint grow_array(
    void** items, size_t* capacity, size_t wanted, size_t size
) noexcept nogil:
    """Make room for `wanted` items of `size` bytes; False without memory."""
    return wanted <= capacity[0] or array_grow(items, capacity, wanted, size)


cdef inline bint reserve(Buffer* buffer, size_t extra) noexcept nogil:
    """Make room for `extra` bytes behind the end; False without memory."""
    if buffer.capacity - buffer.length >= extra:
        return True
    return buffer_grow(buffer, extra)


cdef inline void put(Buffer* buffer, const void* at, size_t length) noexcept nogil:
    if length and reserve(buffer, length):
        copy(buffer.data + buffer.length, <const uint8_t*> at, length)
        buffer.length += length


cdef inline void put_span(Buffer* buffer, Span text) noexcept nogil:
    put(buffer, text.at, text.length)


cdef inline void put_byte(Buffer* buffer, uint8_t byte) noexcept nogil:
    if reserve(buffer, 1):
        buffer.data[buffer.length] = byte
        buffer.length += 1
