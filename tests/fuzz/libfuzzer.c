/* The door between libFuzzer and the Python target (tests/fuzz/libfuzzer.py).
 *
 * Linked with libFuzzer into one library that is loaded before Python, so that the
 * instrumented modules of the core find its counters. One mutation of four is
 * libFuzzer's own, the others are the grammar's.
 */

#include <stddef.h>
#include <stdint.h>

extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

typedef size_t (*mutator)(uint8_t *data, size_t size, size_t most, unsigned seed);

static mutator grammar;

void hiq_set_mutator(mutator given) { grammar = given; }

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    if (grammar && seed % 4)
        return grammar(data, size, most, seed / 4);
    return LLVMFuzzerMutate(data, size, most);
}
