# Python's own tables of code points. They are plain look-ups: no object, no GIL.

from libc.stdint cimport uint8_t, uint32_t


cdef extern from "Python.h":
    int is_decimal "_PyUnicode_IsDecimalDigit" (uint32_t point) noexcept nogil
    int to_decimal "_PyUnicode_ToDecimalDigit" (uint32_t point) noexcept nogil
    int is_space "_PyUnicode_IsWhitespace" (uint32_t point) noexcept nogil
    int is_printable "_PyUnicode_IsPrintable" (uint32_t point) noexcept nogil


cdef inline uint32_t next_point(const uint8_t** at) noexcept nogil:
    """Decode one code point of checked UTF-8 and step over it."""
    cdef const uint8_t* p = at[0]
    cdef uint32_t lead = p[0]
    if lead < 0x80:
        at[0] = p + 1
        return lead
    if lead < 0xE0:
        at[0] = p + 2
        return (lead & 0x1F) << 6 | (p[1] & 0x3F)
    if lead < 0xF0:
        at[0] = p + 3
        return (lead & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F)
    at[0] = p + 4
    return (
        (lead & 0x07) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F)
    )


cdef inline int write_point(uint8_t* at, uint32_t point) noexcept nogil:
    """Encode one code point; returns its bytes, at most 4."""
    if point < 0x80:
        at[0] = <uint8_t> point
        return 1
    if point < 0x800:
        at[0] = <uint8_t> (0xC0 | point >> 6)
        at[1] = <uint8_t> (0x80 | (point & 0x3F))
        return 2
    if point < 0x10000:
        at[0] = <uint8_t> (0xE0 | point >> 12)
        at[1] = <uint8_t> (0x80 | (point >> 6 & 0x3F))
        at[2] = <uint8_t> (0x80 | (point & 0x3F))
        return 3
    at[0] = <uint8_t> (0xF0 | point >> 18)
    at[1] = <uint8_t> (0x80 | (point >> 12 & 0x3F))
    at[2] = <uint8_t> (0x80 | (point >> 6 & 0x3F))
    at[3] = <uint8_t> (0x80 | (point & 0x3F))
    return 4
