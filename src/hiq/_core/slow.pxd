from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer

# slow path
cdef bint put_python_text(
    Buffer* out, const uint8_t* at, size_t length
) noexcept with gil
