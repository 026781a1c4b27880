/* Sixteen bytes at a time. Comparisons are written with the compiler's own vectors, so
 * one source serves every machine; only how a mask becomes a number differs: SSE2, which
 * is part of every x86-64, NEON, which is part of every aarch64, or plain arithmetic
 * (elsewhere, and with HIQ_PORTABLE). All give the same.
 */
#ifndef HIQ_BLOCKS_H
#define HIQ_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(HIQ_PORTABLE)
#include <emmintrin.h>
#define HIQ_SSE2 1
#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(HIQ_PORTABLE)
#include <arm_neon.h>
#define HIQ_NEON 1
#endif

typedef uint8_t hiq_v16 __attribute__((vector_size(16)));
typedef int8_t hiq_s16 __attribute__((vector_size(16)));

/* a word of which the first byte in memory is the lowest */
static inline uint64_t hiq_little(uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

static inline uint64_t hiq_word(const void *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return hiq_little(word);
}

static inline hiq_v16 hiq_load16(const uint8_t *p) {
    hiq_v16 x;
    memcpy(&x, p, 16);
    return x;
}

/* one to fifteen bytes, and zeros behind them */
static inline hiq_v16 hiq_few(const uint8_t *p, size_t n) {
    hiq_v16 x;
    uint64_t halves[2] = {0, 0};
    if (n >= 8) {
        halves[0] = hiq_word(p);
        halves[1] = hiq_word(p + n - 8) >> (8 * (15 - n)) >> 8;
    } else if (n >= 4) {
        uint32_t u, v;
        memcpy(&u, p, 4);
        memcpy(&v, p + n - 4, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        u = __builtin_bswap32(u);
        v = __builtin_bswap32(v);
#endif
        halves[0] = u | (uint64_t)v << (8 * (n - 4));
    } else {
        halves[0] = p[0] | (uint64_t)p[n >> 1] << (8 * (n >> 1))
                  | (uint64_t)p[n - 1] << (8 * (n - 1));
    }
    halves[0] = hiq_little(halves[0]);
    halves[1] = hiq_little(halves[1]);
    memcpy(&x, halves, 16);
    return x;
}

/* A mask has 255 or 0 for each byte. */

#if defined(HIQ_SSE2)
/* a bit for each byte of a mask that is set */
static inline uint32_t hiq_bits16(hiq_v16 mask) {
    return (uint32_t)_mm_movemask_epi8((__m128i)mask);
}
/* the index of the first byte of a mask that is set, 16 if none is */
static inline int hiq_first16(hiq_v16 mask) {
    uint32_t bits = hiq_bits16(mask);
    return bits ? __builtin_ctz(bits) : 16;
}
/* whether all bytes of a mask are set */
static inline int hiq_all16(hiq_v16 mask) { return hiq_bits16(mask) == 0xFFFF; }

#elif defined(HIQ_NEON)
static inline uint32_t hiq_bits16(hiq_v16 mask) {
    const hiq_v16 weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t x = (uint8x16_t)(mask & weights);
    x = vpaddq_u8(x, x);
    x = vpaddq_u8(x, x);
    x = vpaddq_u8(x, x);
    return vgetq_lane_u16(vreinterpretq_u16_u8(x), 0);
}
static inline int hiq_first16(hiq_v16 mask) {
    /* Half a byte of each is enough, and one instruction away. */
    uint8x8_t x = vshrn_n_u16(vreinterpretq_u16_u8((uint8x16_t)mask), 4);
    uint64_t halves = vget_lane_u64(vreinterpret_u64_u8(x), 0);
    return halves ? __builtin_ctzll(halves) >> 2 : 16;
}
static inline int hiq_all16(hiq_v16 mask) { return vminvq_u8((uint8x16_t)mask) == 255; }

#else
static inline uint64_t hiq_half(hiq_v16 mask, int which) {
    uint64_t halves[2];
    memcpy(halves, &mask, 16);
    return hiq_little(halves[which]);
}
static inline uint32_t hiq_bits16(hiq_v16 mask) {
    const uint64_t highest = 0x8080808080808080u, gather = 0x0002040810204081u;
    return (uint32_t)((hiq_half(mask, 0) & highest) * gather >> 56)
         | (uint32_t)((hiq_half(mask, 1) & highest) * gather >> 56) << 8;
}
static inline int hiq_first16(hiq_v16 mask) {
    uint64_t low = hiq_half(mask, 0), high = hiq_half(mask, 1);
    if (low) return __builtin_ctzll(low) >> 3;
    return high ? 8 + (__builtin_ctzll(high) >> 3) : 16;
}
static inline int hiq_all16(hiq_v16 mask) {
    return (hiq_half(mask, 0) & hiq_half(mask, 1)) == ~(uint64_t)0;
}
#endif

#endif
