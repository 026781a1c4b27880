# The doors to `vector.h`: short pieces of memory, and loops over every byte.

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef extern from "vector.h":
    ctypedef struct Marks "hiq_marks":
        uint64_t digits
        uint64_t points
        uint64_t foreign

    # a quote, a backslash, a control character or a byte above 127
    int special16 "hiq_special16" (const uint8_t* at) noexcept nogil
    # a control character, or a byte that may begin a line break beyond ASCII
    int break16 "hiq_break16" (const uint8_t* at) noexcept nogil
    # a digit, a point, or a byte that may begin a digit beyond ASCII
    int digit16 "hiq_digit16" (const uint8_t* at) noexcept nogil
    # the index of the first byte of sixteen that is a quote or a backslash
    int quote16 "hiq_quote16" (const uint8_t* at) noexcept nogil
    # the index of the lowest bit of a word that is not 0
    size_t first_bit "hiq_first_bit" (uint64_t word) noexcept nogil
    # a bit for each of sixteen bytes that is a digit
    uint32_t digits16 "hiq_digits16" (const uint8_t* at) noexcept nogil
    # copy one to 32 bytes, with room for 32; a bit for each that is a digit
    uint64_t take_digits "hiq_take_digits" (
        uint8_t* to, const uint8_t* at, size_t length
    ) noexcept nogil
    # how many digits stand there
    size_t digits "hiq_digits" (const uint8_t* at, const uint8_t* end) noexcept nogil
    # the value of eight digits, more than any such value if they are not digits
    uint32_t eight "hiq_eight" (uint64_t word) noexcept nogil
    # write a number below 100,000,000 as eight digits
    void put_eight "hiq_put_eight" (uint8_t* to, uint32_t value) noexcept nogil
    # how many bytes are characters of two bytes each, as far as that is seen quickly
    size_t pairs "hiq_pairs" (const uint8_t* at, const uint8_t* end) noexcept nogil
    # one step of a hash
    uint64_t mix "hiq_mix" (uint64_t state, uint64_t word) noexcept nogil
    # which of up to 64 bytes are digits, points, or may begin a digit beyond ASCII
    Marks mark "hiq_mark" (const uint8_t* at, size_t length) noexcept nogil
    # whether two pieces differ
    bint differ "hiq_differ" (
        const uint8_t* one, const uint8_t* other, size_t length
    ) noexcept nogil
    # how many bytes are the same
    size_t same_bytes "hiq_same" (
        const uint8_t* one, const uint8_t* other, size_t length
    ) noexcept nogil
    # whether at least 32 bytes are those of an outline; where it is loose (255, else 0)
    # its text is a quote, and it has no backslash and no control character
    bint fits "hiq_fits" (
        const uint8_t* at, const uint8_t* text, const uint8_t* loose, size_t length
    ) noexcept nogil
    # the same of probably short pieces; 16 bytes of each may be read
    bint differ_loose "hiq_differ_loose" (
        const uint8_t* one, const uint8_t* other, size_t length
    ) noexcept nogil
    # copy own memory; up to 31 bytes behind it are read, and written behind the copy
    void copy_loose "hiq_copy_loose" (
        uint8_t* to, const uint8_t* at, size_t length
    ) noexcept nogil
    # copy a piece that is probably short
    void copy "hiq_copy" (uint8_t* to, const uint8_t* at, size_t length) noexcept nogil
    # ask for bytes that are needed soon
    void prefetch "hiq_prefetch" (const void* at, size_t length) noexcept nogil
    void prefetch_cold "hiq_prefetch_cold" (const void* at) noexcept nogil
    void prefetch_to "hiq_prefetch_to" (
        const uint8_t* at, const uint8_t* end
    ) noexcept nogil
