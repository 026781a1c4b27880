/* The loops that look at every byte, and what the core does beside with many bytes at
 * once. Nothing is read outside of the given bytes. Functions named `...16` return the
 * index of the first byte of sixteen that stops them, 16 if none does.
 */
#ifndef HIQ_VECTOR_H
#define HIQ_VECTOR_H

#include "blocks.h"
#include "digits.h"
#include "pieces.h"

/* a quote, a backslash, a control character or a byte above 127 */
static inline int hiq_special16(const uint8_t *p) {
    hiq_v16 x = hiq_load16(p);
    return hiq_first16((hiq_v16)(x == '"') | (hiq_v16)(x == '\\')
                       | (hiq_v16)((hiq_s16)x < 0x20));
}
/* a control character, or a byte that may begin a line break beyond ASCII */
static inline int hiq_break16(const uint8_t *p) {
    hiq_v16 x = hiq_load16(p);
    return hiq_first16((hiq_v16)(x <= 0x1F) | (hiq_v16)(x == 0xC2)
                       | (hiq_v16)(x == 0xE2));
}
/* a quote or a backslash */
static inline int hiq_quote16(const uint8_t *p) {
    hiq_v16 x = hiq_load16(p);
    return hiq_first16((hiq_v16)(x == '"') | (hiq_v16)(x == '\\'));
}
/* a digit, a point, or a byte that may begin a digit beyond ASCII */
static inline int hiq_digit16(const uint8_t *p) {
    hiq_v16 x = hiq_load16(p);
    return hiq_first16(hiq_are_digits(x) | (hiq_v16)(x == '.') | (hiq_v16)(x >= 0xD9));
}

/* the index of the lowest bit of a word that is not 0 */
static inline size_t hiq_first_bit(uint64_t word) {
    return (size_t)__builtin_ctzll(word);
}

/* how many bytes are characters of two bytes each, as far as that is seen quickly */
static inline size_t hiq_pairs(const uint8_t *p, const uint8_t *end) {
    const hiq_v16 even = {255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0};
    const uint8_t *at = p;
    while (end - at >= 16) {
        hiq_v16 x = hiq_load16(at);
        hiq_v16 lead = (hiq_v16)(x - 0xC2 < 0xE0 - 0xC2);
        hiq_v16 other = (hiq_v16)((x & 0xC0) == 0x80);
        if (!hiq_all16((hiq_v16)(lead == even) & (hiq_v16)(other == ~even))) break;
        at += 16;
    }
    while (end - at >= 2 && at[0] >= 0xC2 && at[0] < 0xE0 && (at[1] & 0xC0) == 0x80) at += 2;
    return (size_t)(at - p);
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

#endif
