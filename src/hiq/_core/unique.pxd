from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport Span

# hot path
cdef bint keep_last(
    const uint8_t* base, Attribute* items, size_t* count, Buffer* scratch
) noexcept nogil
cdef bint same_key(
    const uint8_t* base, const Attribute* one, const Attribute* other, Buffer* scratch
) noexcept nogil
