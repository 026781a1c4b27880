/* Short pieces of memory without a call into libc, and the loops that look at every
 * byte. Nothing is read outside of the given bytes. Functions named `...16` return the
 * index of the first byte of sixteen that stops them, 16 if none does.
 *
 * SSE2 is part of every x86-64, AVX2 is asked for at run time; elsewhere, and with
 * HIQ_PORTABLE, vectors are what the compiler makes of them (NEON on aarch64), or plain
 * loops. All give the same.
 */
#ifndef HIQ_VECTOR_H
#define HIQ_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(HIQ_PORTABLE)
#include <emmintrin.h>
#define HIQ_SSE2 1
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(HIQ_PORTABLE)
#define HIQ_AVX2 __attribute__((target("avx2")))
#endif

/* Vectors that the compiler maps to what the machine has. */
typedef uint8_t hiq_v16 __attribute__((vector_size(16)));
typedef int8_t hiq_s16 __attribute__((vector_size(16)));
typedef uint8_t hiq_v32 __attribute__((vector_size(32)));
typedef int8_t hiq_s32 __attribute__((vector_size(32)));
typedef char hiq_c32 __attribute__((vector_size(32)));

/* whether two pieces differ */
static inline int hiq_differ(const uint8_t *a, const uint8_t *b, size_t n) {
    uint64_t x, y;
    uint32_t u, v;
    if (n >= 16) {
        if (n > 96) return memcmp(a, b, n);
        hiq_v16 p, q, bad;
        memcpy(&p, a + n - 16, 16);
        memcpy(&q, b + n - 16, 16);
        bad = p ^ q;
        for (size_t i = 0; i + 16 < n; i += 16) {
            memcpy(&p, a + i, 16);
            memcpy(&q, b + i, 16);
            bad |= p ^ q;
        }
        memcpy(&x, &bad, 8);
        memcpy(&y, (const uint8_t *)&bad + 8, 8);
        return (x | y) != 0;
    }
    if (n >= 8) {
        uint64_t x2, y2;
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        memcpy(&x2, a + n - 8, 8);
        memcpy(&y2, b + n - 8, 8);
        return ((x ^ y) | (x2 ^ y2)) != 0;
    }
    if (n >= 4) {
        uint32_t u2, v2;
        memcpy(&u, a, 4);
        memcpy(&v, b, 4);
        memcpy(&u2, a + n - 4, 4);
        memcpy(&v2, b + n - 4, 4);
        return ((u ^ v) | (u2 ^ v2)) != 0;
    }
    return n && (a[0] != b[0] || a[n >> 1] != b[n >> 1] || a[n - 1] != b[n - 1]);
}

/* copy a piece that is probably short */
static inline void hiq_copy(uint8_t *to, const uint8_t *from, size_t n) {
    uint64_t x, y;
    uint32_t u, v;
    if (n > 64) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        hiq_v16 a, b, c, d;
        if (n > 32) {
            memcpy(&a, from, 16);
            memcpy(&b, from + 16, 16);
            memcpy(&c, from + n - 32, 16);
            memcpy(&d, from + n - 16, 16);
            memcpy(to, &a, 16);
            memcpy(to + 16, &b, 16);
            memcpy(to + n - 32, &c, 16);
            memcpy(to + n - 16, &d, 16);
        } else {
            memcpy(&a, from, 16);
            memcpy(&d, from + n - 16, 16);
            memcpy(to, &a, 16);
            memcpy(to + n - 16, &d, 16);
        }
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

/* Copy a piece of own memory: up to 31 bytes behind it are read, and written behind the
 * copy. Short pieces of any length take the same way, so no branch is guessed wrong. */
static inline void hiq_copy_loose(uint8_t *to, const uint8_t *from, size_t n) {
    for (;;) {
        hiq_v16 a, b;
        memcpy(&a, from, 16);
        memcpy(&b, from + 16, 16);
        memcpy(to, &a, 16);
        memcpy(to + 16, &b, 16);
        if (n <= 32) return;
        to += 32;
        from += 32;
        n -= 32;
    }
}

/* Whether two pieces differ that are probably short; 16 bytes of each may be read. */
static inline int hiq_differ_loose(const uint8_t *a, const uint8_t *b, size_t n) {
#if defined(HIQ_SSE2)
    if (n <= 16) {
        unsigned equal = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a),
                           _mm_loadu_si128((const __m128i *)b)));
        return (~equal & ((1u << n) - 1)) != 0;
    }
#endif
    return hiq_differ(a, b, n);
}

/* Whether all bytes of a mask are set. */
#if defined(HIQ_SSE2)
#define HIQ_ALL16(GOOD) (_mm_movemask_epi8((__m128i)(GOOD)) == 0xFFFF)
#else
#define HIQ_ALL16(GOOD) hiq_all16(GOOD)
static inline int hiq_all16(hiq_v16 good) {
    uint64_t low, high;
    memcpy(&low, &good, 8);
    memcpy(&high, (const uint8_t *)&good + 8, 8);
    return (low & high) == ~(uint64_t)0;
}
#endif
#define HIQ_MASK32(V) ((unsigned)__builtin_ia32_pmovmskb256((hiq_c32)(V)))
#define HIQ_ALL32(GOOD) (HIQ_MASK32(GOOD) == ~0u)

/* One source for each width of vector: whether `n` bytes, at least `SIZE`, are those of
 * an outline, or where that is loose, any plain ASCII that may stand in a string. Where
 * it is loose (255, else 0) its text is a quote; it has no backslash and no control
 * character, so what is equal to it has none either. */
#define HIQ_FIT_STEP(V, S, SIZE, I)                                                   \
    memcpy(&x, at + (I), SIZE);                                                       \
    memcpy(&t, text + (I), SIZE);                                                     \
    memcpy(&l, loose + (I), SIZE);                                                    \
    good &= ((V)(x == t) ^ l) & (V)((S)x > 31) & ~(V)(x == '\\');
#define HIQ_FITS(NAME, TARGET, V, S, SIZE)                                            \
    TARGET static int NAME(const uint8_t *at, const uint8_t *text,                    \
                           const uint8_t *loose, size_t n) {                          \
        V good, x, t, l;                                                              \
        size_t i;                                                                     \
        HIQ_FIRST_FIT(V, S, SIZE)                                                     \
        for (i = SIZE; i + SIZE <= n; i += SIZE) {                                    \
            HIQ_FIT_STEP(V, S, SIZE, i)                                               \
        }                                                                             \
        HIQ_FIT_STEP(V, S, SIZE, n - SIZE)                                            \
        return HIQ_ALL##SIZE(good);                                                   \
    }
#define HIQ_FIRST_FIT(V, S, SIZE)                                                     \
    memset(&good, 255, SIZE);                                                         \
    HIQ_FIT_STEP(V, S, SIZE, 0)

/* The index of the first byte that differs, `n` if none does. */
static inline size_t hiq_same16(const uint8_t *a, const uint8_t *b, size_t n) {
    size_t i = 0;
#if defined(HIQ_SSE2)
    for (; i + 16 <= n; i += 16) {
        unsigned equal = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(a + i)),
                           _mm_loadu_si128((const __m128i *)(b + i))));
        if (equal != 0xFFFF) return i + (size_t)__builtin_ctz(~equal);
    }
#else
    uint64_t x, y;
    for (; i + 8 <= n; i += 8) {
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y) break;
    }
#endif
    while (i < n && a[i] == b[i]) i++;
    return i;
}

HIQ_FITS(hiq_fits16, , hiq_v16, hiq_s16, 16)
#ifdef HIQ_AVX2
HIQ_FITS(hiq_fits32, HIQ_AVX2, hiq_v32, hiq_s32, 32)
HIQ_AVX2 static size_t hiq_same32(const uint8_t *a, const uint8_t *b, size_t n) {
    size_t i = 0;
    hiq_v32 x, y;
    unsigned equal;
    for (; i + 32 <= n; i += 32) {
        memcpy(&x, a + i, 32);
        memcpy(&y, b + i, 32);
        equal = HIQ_MASK32(x == y);
        if (equal != ~0u) return i + (size_t)__builtin_ctz(~equal);
    }
    if (i == n || n < 32) return i + hiq_same16(a + i, b + i, n - i);
    /* The last bytes once more, with those before them, which are equal. */
    i = n - 32;
    memcpy(&x, a + i, 32);
    memcpy(&y, b + i, 32);
    equal = HIQ_MASK32(x == y);
    return equal == ~0u ? n : i + (size_t)__builtin_ctz(~equal);
}
#endif

/* whether `n` bytes, at least 32, fit an outline */
static inline int hiq_fits(const uint8_t *at, const uint8_t *text, const uint8_t *loose,
                           size_t n) {
#ifdef HIQ_AVX2
    if (__builtin_cpu_supports("avx2")) return hiq_fits32(at, text, loose, n);
#endif
    return hiq_fits16(at, text, loose, n);
}

/* how many bytes are the same */
static inline size_t hiq_same(const uint8_t *a, const uint8_t *b, size_t n) {
#ifdef HIQ_AVX2
    if (__builtin_cpu_supports("avx2")) return hiq_same32(a, b, n);
#endif
    return hiq_same16(a, b, n);
}

#if defined(HIQ_SSE2)
static inline int hiq_first(__m128i hit) {
    int mask = _mm_movemask_epi8(hit);
    return mask ? __builtin_ctz((unsigned)mask) : 16;
}
/* a quote, a backslash, a control character or a byte above 127 */
static inline int hiq_special16(const uint8_t *p) {
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    return hiq_first(_mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                     _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))),
        _mm_cmplt_epi8(x, _mm_set1_epi8(0x20))));
}
/* a control character, or a byte that may begin a line break beyond ASCII */
static inline int hiq_break16(const uint8_t *p) {
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    return hiq_first(_mm_or_si128(
        _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1F)), x),
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xC2)),
                     _mm_cmpeq_epi8(x, _mm_set1_epi8((char)0xE2)))));
}
/* a quote or a backslash */
static inline int hiq_quote16(const uint8_t *p) {
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    return hiq_first(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));
}
/* a digit, a point, or a byte that may begin a digit beyond ASCII */
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
    while (i < 16 && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\') i++;
    return i;
}
static inline int hiq_break16(const uint8_t *p) {
    int i = 0;
    while (i < 16 && p[i] >= 0x20 && p[i] != 0xC2 && p[i] != 0xE2) i++;
    return i;
}
static inline int hiq_quote16(const uint8_t *p) {
    int i = 0;
    while (i < 16 && p[i] != '"' && p[i] != '\\') i++;
    return i;
}
static inline int hiq_digit16(const uint8_t *p) {
    int i = 0;
    while (i < 16 && p[i] < 0xD9 && p[i] != '.' && (p[i] < '0' || p[i] > '9')) i++;
    return i;
}
#endif

/* the index of the lowest bit of a word that is not 0 */
static inline size_t hiq_first_bit(uint64_t word) {
    return (size_t)__builtin_ctzll(word);
}

#if defined(HIQ_SSE2)
static inline uint32_t hiq_digit_bits(__m128i x) {
    __m128i y = _mm_sub_epi8(x, _mm_set1_epi8('0'));
    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(y, _mm_set1_epi8(9)), y));
}
#endif

/* a bit for each of sixteen bytes that is a digit */
static inline uint32_t hiq_digits16(const uint8_t *p) {
#if defined(HIQ_SSE2)
    return hiq_digit_bits(_mm_loadu_si128((const __m128i *)p));
#else
    uint32_t found = 0;
    for (int i = 0; i < 16; i++) found |= (uint32_t)(p[i] >= '0' && p[i] <= '9') << i;
    return found;
#endif
}

#if defined(HIQ_SSE2)
/* one to fifteen bytes, and zeros behind them */
static inline __m128i hiq_few(const uint8_t *p, size_t n) {
    uint64_t low, high = 0;
    if (n >= 8) {
        memcpy(&low, p, 8);
        memcpy(&high, p + n - 8, 8);
        high = high >> (8 * (15 - n)) >> 8;
    } else if (n >= 4) {
        uint32_t u, v;
        memcpy(&u, p, 4);
        memcpy(&v, p + n - 4, 4);
        low = u | (uint64_t)v << (8 * (n - 4));
    } else {
        low = p[0] | (uint64_t)p[n >> 1] << (8 * (n >> 1))
            | (uint64_t)p[n - 1] << (8 * (n - 1));
    }
    return _mm_set_epi64x((long long)high, (long long)low);
}
#endif

/* copy one to 32 bytes, for which there is room for 32; a bit for each that is a digit */
static inline uint64_t hiq_take_digits(uint8_t *to, const uint8_t *p, size_t n) {
#if defined(HIQ_SSE2)
    __m128i x, y;
    if (n < 16) {
        x = hiq_few(p, n);
        _mm_storeu_si128((__m128i *)to, x);
        return hiq_digit_bits(x);
    }
    x = _mm_loadu_si128((const __m128i *)p);
    y = _mm_loadu_si128((const __m128i *)(p + n - 16));
    _mm_storeu_si128((__m128i *)to, x);
    _mm_storeu_si128((__m128i *)(to + n - 16), y);
    return hiq_digit_bits(x) | (uint64_t)hiq_digit_bits(y) << (n - 16);
#else
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        to[i] = p[i];
        found |= (uint64_t)(p[i] >= '0' && p[i] <= '9') << i;
    }
    return found;
#endif
}

/* how many digits stand at `p` */
static inline size_t hiq_digits(const uint8_t *p, const uint8_t *end) {
    size_t i = 0;
#if defined(HIQ_SSE2)
    while (end - p >= (ptrdiff_t)(i + 16)) {
        uint32_t found = hiq_digits16(p + i);
        if (found != 0xFFFF) return i + (size_t)__builtin_ctz(~found);
        i += 16;
    }
#endif
    while (p + i < end && p[i] >= '0' && p[i] <= '9') i++;
    return i;
}

/* the value of eight digits, more than any such value if they are not digits */
static inline uint32_t hiq_eight(uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    if (((word & 0xF0F0F0F0F0F0F0F0u) ^ 0x3030303030303030u) |
        (((word + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) ^ 0x3030303030303030u))
        return UINT32_MAX;
    word = (word & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
    word = (word & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
    return (uint32_t)((word & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32);
}

/* write a number below 100,000,000 as eight digits */
static inline void hiq_put_eight(uint8_t *to, uint32_t value) {
    /* Four digits to a half, two to a quarter, one to a byte: in all at once. */
    uint64_t word = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t high = word * 10486 >> 20 & 0x0000007F0000007Fu;
    word = (word - 100 * high) << 16 | high;
    high = word * 103 >> 10 & 0x000F000F000F000Fu;
    word = ((word - 10 * high) << 8 | high) + 0x3030303030303030u;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(to, &word, 8);
}

/* the two halves of a full product, folded */
static inline uint64_t hiq_mix(uint64_t state, uint64_t word) {
#if defined(__SIZEOF_INT128__)
    __uint128_t full = (__uint128_t)(state ^ word) * 0x9FB21C651E98DF25u;
    return (uint64_t)full ^ (uint64_t)(full >> 64);
#else
    uint64_t product = (state ^ word) * 0x9FB21C651E98DF25u;
    product ^= product >> 32;
    return (product * 0x9E3779B97F4A7C15u) ^ (product >> 29);
#endif
}

/* Bits of up to 64 bytes: which are digits, points, and anything that may begin a
 * digit of another script. */
typedef struct {
    uint64_t digits, points, foreign;
} hiq_marks;

#if defined(HIQ_SSE2)
static inline void hiq_mark16(hiq_marks *marks, __m128i x, size_t i) {
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)),
                                  _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
    __m128i point = _mm_cmpeq_epi8(x, _mm_set1_epi8('.'));
    __m128i foreign = _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8((char)0xD9)), x);
    marks->digits |= (uint64_t)(unsigned)_mm_movemask_epi8(digit) << i;
    marks->points |= (uint64_t)(unsigned)_mm_movemask_epi8(point) << i;
    marks->foreign |= (uint64_t)(unsigned)_mm_movemask_epi8(foreign) << i;
}
#endif
static inline hiq_marks hiq_mark(const uint8_t *p, size_t n) {
    hiq_marks marks = {0, 0, 0};
    size_t i = 0;
#if defined(HIQ_SSE2)
    for (; i + 16 <= n; i += 16)
        hiq_mark16(&marks, _mm_loadu_si128((const __m128i *)(p + i)), i);
    if (i < n) hiq_mark16(&marks, hiq_few(p + i, n - i), i);
#else
    for (; i < n; i++) {
        marks.digits |= (uint64_t)(p[i] >= '0' && p[i] <= '9') << i;
        marks.points |= (uint64_t)(p[i] == '.') << i;
        marks.foreign |= (uint64_t)(p[i] >= 0xD9) << i;
    }
#endif
    return marks;
}

/* how many bytes are characters of two bytes each, as far as that is seen quickly */
static inline size_t hiq_pairs(const uint8_t *p, const uint8_t *end) {
    const uint8_t *at = p;
#if defined(HIQ_SSE2)
    /* Signed, 0xC2 to 0xDF are -62 to -33, and 0x80 to 0xBF below -64. */
    while (end - at >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)at);
        __m128i lead = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(-63)),
                                     _mm_cmplt_epi8(x, _mm_set1_epi8(-32)));
        __m128i other = _mm_cmplt_epi8(x, _mm_set1_epi8(-64));
        if (_mm_movemask_epi8(lead) != 0x5555 || _mm_movemask_epi8(other) != 0xAAAA) break;
        at += 16;
    }
#endif
    while (end - at >= 2 && at[0] >= 0xC2 && at[0] < 0xE0 && (at[1] & 0xC0) == 0x80) at += 2;
    return (size_t)(at - p);
}

/* ask for the first bytes of what is needed soon, up to 256; the machine goes on by
 * itself. Nothing need be there, so the places are numbers. */
static inline void hiq_prefetch(const void *at, size_t n) {
    for (uintptr_t i = 0; i < 256 && i < n; i += 64)
        __builtin_prefetch((const void *)((uintptr_t)at + i));
}

/* the same for the next KiB of a text, as far as it goes */
static inline void hiq_prefetch_to(const uint8_t *at, const uint8_t *end) {
    if (end - at > 1024) end = at + 1024;
    for (; end - at > 256; at += 256) {
        __builtin_prefetch(at);
        __builtin_prefetch(at + 64);
        __builtin_prefetch(at + 128);
        __builtin_prefetch(at + 192);
    }
    for (; end > at; at += 64) __builtin_prefetch(at);
}

#endif
