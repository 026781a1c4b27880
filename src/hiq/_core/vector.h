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

/* One source for each width of vector: whether `n` bytes, at least `SIZE`, are those
 * of an outline, or where that is loose, any plain ASCII that may stand in a string. */
#define HIQ_FIT_STEP(V, S, SIZE, I)                                                   \
    memcpy(&x, at + (I), SIZE);                                                       \
    memcpy(&t, text + (I), SIZE);                                                     \
    memcpy(&l, loose + (I), SIZE);                                                    \
    l &= (V)((S)x > 31) & ~((V)(x == '"') | (V)(x == '\\'));                          \
    good &= (V)(x == t) | l;
#define HIQ_FITS(NAME, TARGET, V, S, SIZE)                                            \
    TARGET static int NAME(const uint8_t *at, const uint8_t *text,                    \
                           const uint8_t *loose, size_t n) {                          \
        V good, x, t, l;                                                              \
        size_t i;                                                                     \
        uint64_t word, all = ~(uint64_t)0;                                            \
        memset(&good, 255, SIZE);                                                     \
        for (i = 0; i + SIZE <= n; i += SIZE) {                                       \
            HIQ_FIT_STEP(V, S, SIZE, i)                                               \
        }                                                                             \
        HIQ_FIT_STEP(V, S, SIZE, n - SIZE)                                            \
        for (size_t k = 0; k < SIZE; k += 8) {                                        \
            memcpy(&word, (const uint8_t *)&good + k, 8);                             \
            all &= word;                                                              \
        }                                                                             \
        return all == ~(uint64_t)0;                                                   \
    }

/* The index of the first byte that differs, `n` if none does. */
#define HIQ_SAME(NAME, TARGET, V, SIZE)                                               \
    TARGET static size_t NAME(const uint8_t *a, const uint8_t *b, size_t n) {         \
        size_t i = 0;                                                                 \
        V x, y;                                                                       \
        uint64_t word, any;                                                           \
        for (; i + SIZE <= n; i += SIZE) {                                            \
            memcpy(&x, a + i, SIZE);                                                  \
            memcpy(&y, b + i, SIZE);                                                  \
            x ^= y;                                                                   \
            any = 0;                                                                  \
            for (size_t k = 0; k < SIZE; k += 8) {                                    \
                memcpy(&word, (const uint8_t *)&x + k, 8);                            \
                any |= word;                                                          \
            }                                                                         \
            if (any) break;                                                           \
        }                                                                             \
        while (i < n && a[i] == b[i]) i++;                                            \
        return i;                                                                     \
    }

HIQ_FITS(hiq_fits16, , hiq_v16, hiq_s16, 16)
HIQ_SAME(hiq_same16, , hiq_v16, 16)
#ifdef HIQ_AVX2
HIQ_FITS(hiq_fits32, HIQ_AVX2, hiq_v32, hiq_s32, 32)
HIQ_SAME(hiq_same32, HIQ_AVX2, hiq_v32, 32)
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

/* how many digits stand at `p` */
static inline size_t hiq_digits(const uint8_t *p, const uint8_t *end) {
    size_t i = 0;
#if defined(HIQ_SSE2)
    while (end - p >= (ptrdiff_t)(i + 16)) {
        __m128i x = _mm_loadu_si128((const __m128i *)(p + i));
        __m128i y = _mm_sub_epi8(x, _mm_set1_epi8('0'));
        int mask = _mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_min_epu8(y, _mm_set1_epi8(9)), y));
        if (mask != 0xFFFF) return i + (size_t)__builtin_ctz(~(unsigned)mask);
        i += 16;
    }
#endif
    while (p + i < end && p[i] >= '0' && p[i] <= '9') i++;
    return i;
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

static inline hiq_marks hiq_mark(const uint8_t *p, size_t n) {
    hiq_marks marks = {0, 0, 0};
    size_t i = 0;
#if defined(HIQ_SSE2)
    for (; i + 16 <= n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(p + i));
        __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)),
                                      _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
        marks.digits |= (uint64_t)(unsigned)_mm_movemask_epi8(digit) << i;
        marks.points |= (uint64_t)(unsigned)_mm_movemask_epi8(
                            _mm_cmpeq_epi8(x, _mm_set1_epi8('.')))
                        << i;
        marks.foreign |=
            (uint64_t)(unsigned)_mm_movemask_epi8(
                _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8((char)0xD9)), x))
            << i;
    }
#endif
    for (; i < n; i++) {
        marks.digits |= (uint64_t)(p[i] >= '0' && p[i] <= '9') << i;
        marks.points |= (uint64_t)(p[i] == '.') << i;
        marks.foreign |= (uint64_t)(p[i] >= 0xD9) << i;
    }
    return marks;
}

/* ask for the first bytes of what is needed soon; the machine goes on by itself */
static inline void hiq_prefetch(const void *at, size_t n) {
    __builtin_prefetch(at);
    if (n > 64) __builtin_prefetch((const uint8_t *)at + 64);
    if (n > 128) __builtin_prefetch((const uint8_t *)at + 128);
    if (n > 192) __builtin_prefetch((const uint8_t *)at + 192);
}

/* the same for the next KiB of a text, as far as it goes */
static inline void hiq_prefetch_to(const uint8_t *at, const uint8_t *end) {
    for (int i = 0; i < 1024 && end - at > i; i += 64) __builtin_prefetch(at + i);
}

#endif
