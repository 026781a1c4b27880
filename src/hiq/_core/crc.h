/* CRC32C by the processor's own instruction: SSE 4.2 on x86-64, the CRC extension on
 * aarch64, each asked for at run time. Elsewhere `hiq_crc_fast` says no.
 */
#ifndef HIQ_CRC_H
#define HIQ_CRC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HIQ_CRC_TARGET __attribute__((target("sse4.2")))
#define HIQ_CRC_WORD(STATE, WORD) ((uint32_t)_mm_crc32_u64(STATE, WORD))
#define HIQ_CRC_BYTE(STATE, BYTE) _mm_crc32_u8(STATE, BYTE)
static int hiq_crc_fast(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__) && defined(__linux__) && defined(__GNUC__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#define HIQ_CRC_TARGET __attribute__((target("+crc")))
#define HIQ_CRC_WORD(STATE, WORD) __crc32cd(STATE, WORD)
#define HIQ_CRC_BYTE(STATE, BYTE) __crc32cb(STATE, BYTE)
static int hiq_crc_fast(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#ifdef HIQ_CRC_TARGET
HIQ_CRC_TARGET
static uint32_t hiq_crc_run(uint32_t state, const uint8_t *p, size_t n) {
    uint64_t word;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        state = HIQ_CRC_WORD(state, word);
    }
    for (; n; n--) state = HIQ_CRC_BYTE(state, *p++);
    return state;
}
#else
static int hiq_crc_fast(void) { return 0; }
static uint32_t hiq_crc_run(uint32_t state, const uint8_t *p, size_t n) {
    (void)p; (void)n;
    return state;
}
#endif

#endif
