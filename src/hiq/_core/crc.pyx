"""CRC32C (Castagnoli), the checksum of journal records.

Uses the CPU's own instruction where it is found at run time (`crc.h`), else eight
tables at once (slicing-by-8). Knows nothing of records or files.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from "crc.h":
    int hiq_crc_fast() noexcept nogil
    uint32_t hiq_crc_run(uint32_t crc, const uint8_t* at, size_t length) noexcept nogil

cdef uint32_t[8][256] _table
cdef bint _hardware = False


# construction


cdef void _fill() noexcept nogil:
    """Fill the tables for the reflected polynomial 0x1EDC6F41."""
    cdef uint32_t byte, value, row
    cdef int bit
    for byte in range(256):
        value = byte
        for bit in range(8):
            value = (value >> 1) ^ (0x82F63B78u if value & 1 else 0)
        _table[0][byte] = value
    for byte in range(256):
        for row in range(1, 8):
            value = _table[row - 1][byte]
            _table[row][byte] = (value >> 8) ^ _table[0][value & 0xFF]


# hot path


cdef uint32_t crc32c_update(
    uint32_t value, const uint8_t* at, size_t length
) noexcept nogil:
    """Return the checksum continued over `length` bytes; `value` 0 starts one."""
    cdef uint32_t state = ~value
    cdef uint64_t word
    if _hardware:
        return ~hiq_crc_run(state, at, length)
    while length >= 8:
        memcpy(&word, at, 8)
        word ^= state
        state = (
            _table[7][word & 0xFF]
            ^ _table[6][(word >> 8) & 0xFF]
            ^ _table[5][(word >> 16) & 0xFF]
            ^ _table[4][(word >> 24) & 0xFF]
            ^ _table[3][(word >> 32) & 0xFF]
            ^ _table[2][(word >> 40) & 0xFF]
            ^ _table[1][(word >> 48) & 0xFF]
            ^ _table[0][(word >> 56) & 0xFF]
        )
        at += 8
        length -= 8
    while length:
        state = (state >> 8) ^ _table[0][(state ^ at[0]) & 0xFF]
        at += 1
        length -= 1
    return ~state


# export


def crc32c(data, uint32_t value=0, *, bint portable=False):
    """Return the CRC32C of a bytes-like object, continued from `value`.

    `portable` keeps the CPU's own instruction out, so that tests reach the tables.
    """
    global _hardware
    cdef Py_buffer view
    cdef bint hardware = _hardware
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if portable:
            _hardware = False
        return crc32c_update(value, <const uint8_t*> view.buf, view.len)
    finally:
        _hardware = hardware
        PyBuffer_Release(&view)


_fill()
_hardware = hiq_crc_fast()
