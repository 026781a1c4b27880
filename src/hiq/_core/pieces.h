/* Pieces of memory that are compared, copied or asked for, without a call into libc where
 * they are short. Nothing is read outside of the given bytes but where it says so.
 */
#ifndef HIQ_PIECES_H
#define HIQ_PIECES_H

#include "blocks.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(HIQ_PORTABLE)
/* Not part of every x86-64: asked for at run time. */
#define HIQ_AVX2 __attribute__((target("avx2")))
typedef uint8_t hiq_v32 __attribute__((vector_size(32)));
typedef int8_t hiq_s32 __attribute__((vector_size(32)));
typedef char hiq_c32 __attribute__((vector_size(32)));
#define HIQ_BITS32(V) ((unsigned)__builtin_ia32_pmovmskb256((hiq_c32)(V)))
#define hiq_all32(V) (HIQ_BITS32(V) == ~0u)
#endif

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
    if (n > 16) return hiq_differ(a, b, n);
    return (hiq_bits16(hiq_load16(a) != hiq_load16(b)) & ((1u << n) - 1)) != 0;
}

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
        memset(&good, 255, SIZE);                                                     \
        for (size_t i = 0; i + SIZE <= n; i += SIZE) {                                \
            HIQ_FIT_STEP(V, S, SIZE, i)                                               \
        }                                                                             \
        HIQ_FIT_STEP(V, S, SIZE, n - SIZE)                                            \
        return hiq_all##SIZE(good);                                                   \
    }

/* The index of the first byte that differs, `n` if none does. */
static inline size_t hiq_same16(const uint8_t *a, const uint8_t *b, size_t n) {
    size_t i = 0;
    int step;
    for (; i + 16 <= n; i += 16) {
        step = hiq_first16((hiq_v16)(hiq_load16(a + i) != hiq_load16(b + i)));
        if (step < 16) return i + (size_t)step;
    }
    if (n < 16) {
        while (i < n && a[i] == b[i]) i++;
        return i;
    }
    /* The last bytes once more, with those before them, which are equal. */
    i = n - 16;
    return i + (size_t)hiq_first16((hiq_v16)(hiq_load16(a + i) != hiq_load16(b + i)));
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
        equal = HIQ_BITS32(x == y);
        if (equal != ~0u) return i + (size_t)__builtin_ctz(~equal);
    }
    if (i == n || n < 32) return i + hiq_same16(a + i, b + i, n - i);
    i = n - 32;
    memcpy(&x, a + i, 32);
    memcpy(&y, b + i, 32);
    equal = HIQ_BITS32(x == y);
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

/* ask for the first bytes of what is needed soon, up to 256; the machine goes on by
 * itself. Nothing need be there, so the places are numbers. */
static inline void hiq_prefetch(const void *at, size_t n) {
    for (uintptr_t i = 0; i < 256 && i < n; i += 64)
        __builtin_prefetch((const void *)((uintptr_t)at + i));
}

/* The same for a text that is probably cold and of which not even the length is near, so
 * that all of it comes at once. Of what lies behind its end nothing is read. */
static inline void hiq_prefetch_cold(const void *at) {
    for (int i = 0; i < 1024; i += 64)
        __builtin_prefetch((const void *)((uintptr_t)at + (uintptr_t)i));
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
