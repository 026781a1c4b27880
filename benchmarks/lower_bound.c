/* The least that reading a JSON frame can cost: see lower_bound.py.
 *
 * Each frame is copied once, then read in blocks of 64 bytes: where quotes, escapes
 * and structural characters are, which of these stand outside strings, and whether
 * the bytes are UTF-8. No value is looked at, no position is kept.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
typedef struct { __m256i a, b; } block;
static inline block load(const uint8_t *p) {
    return (block){_mm256_loadu_si256((const __m256i *)p),
                   _mm256_loadu_si256((const __m256i *)(p + 32))};
}
static inline uint64_t bits(__m256i a, __m256i b) {
    return (uint32_t)_mm256_movemask_epi8(a)
         | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}
static inline uint64_t equal(block x, char c) {
    __m256i v = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(x.a, v), _mm256_cmpeq_epi8(x.b, v));
}
/* Brackets differ from braces by the bit 0x20 only. */
static inline block folded(block x) {
    __m256i v = _mm256_set1_epi8(0x20);
    return (block){_mm256_or_si256(x.a, v), _mm256_or_si256(x.b, v)};
}
static inline uint64_t high(block x) { return bits(x.a, x.b); }
#else
typedef struct { const uint8_t *p; uint8_t fold; } block;
static inline block load(const uint8_t *p) { return (block){p, 0}; }
static inline uint64_t equal(block x, char c) {
    uint64_t found = 0;
    for (int i = 0; i < 64; i++)
        found |= (uint64_t)((x.p[i] | x.fold) == (uint8_t)c) << i;
    return found;
}
static inline block folded(block x) { return (block){x.p, 0x20}; }
static inline uint64_t high(block x) {
    uint64_t found = 0;
    for (int i = 0; i < 64; i++) found |= (uint64_t)(x.p[i] >> 7) << i;
    return found;
}
#endif

typedef struct {
    uint64_t inside;   /* all ones while a string goes on from the block before */
    uint64_t escaped;  /* 1 if the first byte of the next block is escaped */
    uint32_t want;     /* continuation bytes that must come */
    uint8_t low, top;  /* between which the next of them must lie */
    int bad;
} state;

/* Which bytes stand behind a backslash that is not itself escaped. */
static uint64_t escapes(uint64_t slashes, uint64_t *carry) {
    uint64_t out = *carry;
    slashes &= ~*carry;
    *carry = 0;
    while (slashes) {
        int at = __builtin_ctzll(slashes);
        if (at == 63) { *carry = 1; break; }
        out |= 2ull << at;
        slashes &= ~(3ull << at);
    }
    return out;
}

static inline void byte(uint8_t c, state *s) {
    if (s->want) {
        s->bad |= c < s->low || c > s->top;
        s->want--;
        s->low = 0x80;
        s->top = 0xBF;
    } else if (c >= 0x80) {
        s->bad |= c < 0xC2 || c > 0xF4;
        s->want = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        s->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
        s->top = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    }
}

/* Only sequences are looked at; `above` tells the bytes of a block above 127. */
static void utf8(const uint8_t *p, uint64_t above, state *s) {
    int i = 0;
    while (i < 64 && s->want) byte(p[i++], s);
    while (i < 64 && (above >> i)) {
        i += __builtin_ctzll(above >> i);
        do byte(p[i++], s); while (i < 64 && s->want);
    }
}

static inline uint64_t step(const uint8_t *p, state *s) {
    block x = load(p), y = folded(x);
    uint64_t slashes = equal(x, '\\'), skipped = 0;
    if (slashes | s->escaped) skipped = escapes(slashes, &s->escaped);
    uint64_t quotes = equal(x, '"') & ~skipped, inside = quotes;
    inside ^= inside << 1; inside ^= inside << 2; inside ^= inside << 4;
    inside ^= inside << 8; inside ^= inside << 16; inside ^= inside << 32;
    inside ^= s->inside;
    s->inside = (uint64_t)((int64_t)inside >> 63);
    uint64_t above = high(x);
    if (above || s->want) utf8(p, above, s);
    uint64_t marks = equal(y, '{') | equal(y, '}') | equal(x, ':') | equal(x, ',');
    return marks & ~inside;
}

/* Structural characters outside strings of all frames; -1 if a frame is cut short in
 * a string or is not UTF-8. `copy` has room for the longest frame. */
int64_t structural(const uint8_t **frames, const size_t *sizes, size_t count,
                   uint8_t *copy) {
    int64_t found = 0;
    for (size_t i = 0; i < count; i++) {
        state s = {0};
        uint8_t rest[64];
        const uint8_t *p = frames[i];
        size_t size = sizes[i], at = 0;
        memcpy(copy, p, size);
        for (; at + 64 <= size; at += 64)
            found += __builtin_popcountll(step(p + at, &s));
        if (at < size) {
            memset(rest, ' ', 64);
            memcpy(rest, p + at, size - at);
            found += __builtin_popcountll(step(rest, &s));
        }
        if (s.bad || s.want || s.inside) return -1;
    }
    return found;
}
