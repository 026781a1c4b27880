# Short pieces of memory without a call into libc. The functions named `...16` return
# the index of the first byte of sixteen that stops them, 16 if none does. SSE2 is
# part of every x86-64; elsewhere the plain loop is what the compiler makes of it.

from libc.stdint cimport uint8_t


cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>
    #include <string.h>
    static inline int hiq_differ(const uint8_t *a, const uint8_t *b, size_t n) {
        uint64_t x, y;
        uint32_t u, v;
        if (n >= 8) {
            if (n > 64) return memcmp(a, b, n);
            size_t i = 0;
            for (; i + 8 <= n; i += 8) {
                memcpy(&x, a + i, 8);
                memcpy(&y, b + i, 8);
                if (x != y) return 1;
            }
            memcpy(&x, a + n - 8, 8);
            memcpy(&y, b + n - 8, 8);
            return x != y;
        }
        if (n >= 4) {
            memcpy(&u, a, 4);
            memcpy(&v, b, 4);
            if (u != v) return 1;
            memcpy(&u, a + n - 4, 4);
            memcpy(&v, b + n - 4, 4);
            return u != v;
        }
        return n && (a[0] != b[0] || a[n >> 1] != b[n >> 1] || a[n - 1] != b[n - 1]);
    }
    static inline void hiq_copy(uint8_t *to, const uint8_t *from, size_t n) {
        uint64_t x, y;
        uint32_t u, v;
        if (n > 16) {
            memcpy(to, from, n);
        } else if (n >= 8) {
            memcpy(&x, from, 8);
            memcpy(&y, from + n - 8, 8);
            memcpy(to, &x, 8);
            memcpy(to + n - 8, &y, 8);
        } else if (n >= 4) {
            memcpy(&u, from, 4);
            memcpy(&v, from + n - 4, 4);
            memcpy(to, &u, 4);
            memcpy(to + n - 4, &v, 4);
        } else if (n) {
            uint8_t first = from[0], middle = from[n >> 1], last = from[n - 1];
            to[0] = first;
            to[n >> 1] = middle;
            to[n - 1] = last;
        }
    }
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
    # whether two pieces differ
    bint differ "hiq_differ" (
        const uint8_t* one, const uint8_t* other, size_t length
    ) noexcept nogil
    # copy a piece that is probably short
    void copy "hiq_copy" (uint8_t* to, const uint8_t* at, size_t length) noexcept nogil
