# Borrowed bytes, and what the scanner says about one JSON value. Offsets are from
# the start of the frame, so that a value stays 12 bytes and survives no frame.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from hiq._core.vector cimport differ, mix

cdef enum Kind:
    MISSING = 0
    NULL_VALUE = 1
    FALSE_VALUE = 2
    TRUE_VALUE = 3
    INTEGER = 4
    FLOAT = 5
    STRING = 6
    LIST = 7
    MAP = 8
    # of the key of an attribute: it is a remembered one, `start` is its number
    SAME_KEY = 9

# Flags of a string: it holds a backslash escape; it holds bytes above 127.
cdef enum:
    ESCAPED = 1
    HIGH = 2

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>
    typedef struct { const uint8_t *at; size_t length; } hiq_span;
    """
    # `opaque` is declared only: a struct with such a member is no Python object, so
    # a build that traces lines does not try to show what a function returns.
    ctypedef struct Span "hiq_span":
        const uint8_t* at
        size_t length
        void* opaque

cdef struct Value:
    uint32_t start   # of a string: behind the opening quote
    uint32_t length  # of a string: up to the closing quote
    uint8_t kind
    uint8_t flags


cdef inline Span span(const uint8_t* at, size_t length) noexcept nogil:
    cdef Span made
    made.at = at
    made.length = length
    return made


cdef inline Span span_of(const uint8_t* base, const Value* value) noexcept nogil:
    return span(base + value.start, value.length)


cdef inline bint same(Span one, Span other) noexcept nogil:
    return one.length == other.length and not differ(one.at, other.at, one.length)


cdef inline uint64_t load8(const uint8_t* at) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, at, 8)
    return word


cdef inline uint64_t load4(const uint8_t* at) noexcept nogil:
    cdef uint32_t word
    memcpy(&word, at, 4)
    return word


cdef inline uint64_t hash_of(Span text) noexcept nogil:
    """Return a 64-bit hash; reads inside the span only."""
    cdef uint64_t state = <uint64_t> 0x9E3779B97F4A7C15 ^ text.length
    cdef const uint8_t* at = text.at
    cdef size_t length = text.length
    if length >= 8:
        while length > 8:
            state = mix(state, load8(at))
            at += 8
            length -= 8
        return mix(state, load8(at + length - 8))
    if length >= 4:
        return mix(state, load4(at) | (load4(at + length - 4) << 32))
    if length:
        return mix(
            state,
            at[0] | (<uint64_t> at[length >> 1] << 8) | (<uint64_t> at[length - 1] << 16),
        )
    return mix(state, 0)
