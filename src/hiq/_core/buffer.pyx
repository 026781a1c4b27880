"""Growing memory for the core: bytes and arrays that double.

The only place that calls realloc. It knows nothing of what is stored.
"""

from libc.stdint cimport uint8_t
from libc.stdlib cimport free, realloc

# construction


cdef void buffer_free(Buffer* buffer) noexcept nogil:
    """Give the memory back; the buffer is empty and usable afterwards."""
    free(buffer.data)
    buffer.data = NULL
    buffer.length = 0
    buffer.capacity = 0
    buffer.failed = False


cdef void buffer_trim(Buffer* buffer, size_t keep) noexcept nogil:
    """Empty the buffer, and give memory above `keep` bytes back."""
    buffer.length = 0
    buffer.failed = False
    if buffer.capacity > keep:
        buffer_free(buffer)


# hot path


cdef bint buffer_grow(Buffer* buffer, size_t extra) noexcept nogil:
    """Double until `extra` bytes fit behind the end."""
    cdef size_t wanted = buffer.length + extra
    cdef size_t capacity = buffer.capacity or 256
    cdef void* data
    while capacity < wanted:
        capacity *= 2
    data = realloc(buffer.data, capacity)
    if data == NULL:
        buffer.failed = True
        return False
    buffer.data = <uint8_t*> data
    buffer.capacity = capacity
    return True


cdef bint array_grow(
    void** items, size_t* capacity, size_t wanted, size_t size
) noexcept nogil:
    """Double an array of `size`-byte items until `wanted` fit; False without memory."""
    cdef size_t count = capacity[0] or 16
    cdef void* data
    while count < wanted:
        count *= 2
    data = realloc(items[0], count * size)
    if data == NULL:
        return False
    items[0] = data
    capacity[0] = count
    return True
