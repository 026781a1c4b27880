from libc.stdint cimport uint8_t, uint32_t

# construction
cdef void _fill() noexcept nogil

# hot path
cdef uint32_t crc32c_update(uint32_t value, const uint8_t* at, size_t length) noexcept nogil
