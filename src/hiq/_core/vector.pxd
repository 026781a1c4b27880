# Sixteen bytes at a time. Each function returns the index of the first byte that
# stops it, 16 if none does, and reads exactly sixteen bytes. SSE2 is part of every
# x86-64; elsewhere the plain loop is what the compiler makes of it.

from libc.stdint cimport uint8_t


cdef extern from *:
    """
    #include <stdint.h>
    #if defined(__SSE2__)
    #include <emmintrin.h>
    static inline int hiq_first(__m128i hit) {
        int mask = _mm_movemask_epi8(hit);
        return mask ? __builtin_ctz((unsigned)mask) : 16;
    }
    static inline int hiq_special16(const uint8_t *p) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        return hiq_first(_mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                         _mm_cmpeq_epi8(x, _mm_set1_epi8('\\\\'))),
            _mm_cmplt_epi8(x, _mm_set1_epi8(0x20))));
    }
    static inline int hiq_break16(const uint8_t *p) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        return hiq_first(_mm_or_si128(
            _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1F)), x),
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xC2)),
                         _mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xE2)))));
    }
    static inline int hiq_digit16(const uint8_t *p) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)),
                                      _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
        return hiq_first(_mm_or_si128(
            _mm_or_si128(digit, _mm_cmpeq_epi8(x, _mm_set1_epi8('.'))),
            _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8((char)0xD9)), x)));
    }
    #else
    static inline int hiq_special16(const uint8_t *p) {
        int i = 0;
        while (i < 16 && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\\\')
            i++;
        return i;
    }
    static inline int hiq_break16(const uint8_t *p) {
        int i = 0;
        while (i < 16 && p[i] >= 0x20 && p[i] != 0xC2 && p[i] != 0xE2) i++;
        return i;
    }
    static inline int hiq_digit16(const uint8_t *p) {
        int i = 0;
        while (i < 16 && p[i] < 0xD9 && p[i] != '.' && (p[i] < '0' || p[i] > '9'))
            i++;
        return i;
    }
    #endif
    """
    # a quote, a backslash, a control character or a byte above 127
    int special16 "hiq_special16" (const uint8_t* at) noexcept nogil
    # a control character, or a byte that may begin a line break beyond ASCII
    int break16 "hiq_break16" (const uint8_t* at) noexcept nogil
    # a digit, a point, or a byte that may begin a digit beyond ASCII
    int digit16 "hiq_digit16" (const uint8_t* at) noexcept nogil
