/* Decimal digits: where they are, what they say, and how they are written. */
#ifndef HIQ_DIGITS_H
#define HIQ_DIGITS_H

#include "blocks.h"

static inline hiq_v16 hiq_are_digits(hiq_v16 x) { return (hiq_v16)(x - '0' <= 9); }

/* a bit for each of sixteen bytes that is a digit */
static inline uint32_t hiq_digits16(const uint8_t *p) {
    return hiq_bits16(hiq_are_digits(hiq_load16(p)));
}

/* copy one to 32 bytes, for which there is room for 32; a bit for each that is a digit */
static inline uint64_t hiq_take_digits(uint8_t *to, const uint8_t *p, size_t n) {
    hiq_v16 x, y;
    if (n < 16) {
        x = hiq_few(p, n);
        memcpy(to, &x, 16);
        return hiq_bits16(hiq_are_digits(x));
    }
    x = hiq_load16(p);
    y = hiq_load16(p + n - 16);
    memcpy(to, &x, 16);
    memcpy(to + n - 16, &y, 16);
    return hiq_bits16(hiq_are_digits(x))
         | (uint64_t)hiq_bits16(hiq_are_digits(y)) << (n - 16);
}

/* how many digits stand at `p` */
static inline size_t hiq_digits(const uint8_t *p, const uint8_t *end) {
    size_t i = 0;
    while (end - p >= (ptrdiff_t)(i + 16)) {
        int step = hiq_first16(~hiq_are_digits(hiq_load16(p + i)));
        if (step < 16) return i + (size_t)step;
        i += 16;
    }
    while (p + i < end && p[i] >= '0' && p[i] <= '9') i++;
    return i;
}

/* Bits of up to 64 bytes: which are digits, points, and anything that may begin a
 * digit of another script. */
typedef struct {
    uint64_t digits, points, foreign;
} hiq_marks;

static inline void hiq_mark16(hiq_marks *marks, hiq_v16 x, size_t i) {
    marks->digits |= (uint64_t)hiq_bits16(hiq_are_digits(x)) << i;
    marks->points |= (uint64_t)hiq_bits16((hiq_v16)(x == '.')) << i;
    marks->foreign |= (uint64_t)hiq_bits16((hiq_v16)(x >= 0xD9)) << i;
}

static inline hiq_marks hiq_mark(const uint8_t *p, size_t n) {
    hiq_marks marks = {0, 0, 0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16) hiq_mark16(&marks, hiq_load16(p + i), i);
    if (i < n) hiq_mark16(&marks, hiq_few(p + i, n - i), i);
    return marks;
}

/* the value of eight digits, more than any such value if they are not digits */
static inline uint32_t hiq_eight(uint64_t word) {
    word = hiq_little(word);
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
    word = hiq_little(word);
    memcpy(to, &word, 8);
}

#endif
