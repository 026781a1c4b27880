"""Repeated keys of a map: the first place, the last value, as in Python.

Also leaves the hash of each key, which later look-ups use. Repeats are legal and
never sent, so what matters is that looking for them costs little.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from hiq._core.buffer cimport Buffer, buffer_free, reserve
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport Span, hash_of, same
from hiq._core.text cimport text_of

cdef enum:
    FEW = 64    # up to that many keys are compared one with another

# hot path


cdef bint keep_last(
    const uint8_t* base, Attribute* items, size_t* count, Buffer* scratch
) noexcept nogil:
    """Hash all keys and merge repeated ones; False without memory."""
    cdef uint64_t[4] filter = [0, 0, 0, 0]
    cdef uint64_t bit
    cdef size_t mark = scratch.length
    cdef size_t i
    cdef bint suspect = count[0] > FEW
    cdef Attribute* item
    for i in range(count[0]):
        item = &items[i]
        item.hash = hash_of(text_of(base, &item.key, scratch))
        scratch.length = mark
        bit = <uint64_t> 1 << (item.hash & 63)
        suspect = suspect or filter[item.hash >> 6 & 3] & bit
        filter[item.hash >> 6 & 3] |= bit
    if not suspect:
        return not scratch.failed
    if count[0] <= FEW:
        merge_few(base, items, count, scratch)
        return not scratch.failed
    return merge_many(base, items, count, scratch)


cdef bint same_key(
    const uint8_t* base, const Attribute* one, const Attribute* other, Buffer* scratch
) noexcept nogil:
    """Return whether two keys are equal without their escapes."""
    cdef size_t mark = scratch.length
    cdef Span left
    cdef Span right
    cdef bint equal
    if one.hash != other.hash:
        return False
    if not reserve(scratch, one.key.length + other.key.length):
        return False
    left = text_of(base, &one.key, scratch)
    right = text_of(base, &other.key, scratch)
    equal = same(left, right)
    scratch.length = mark
    return equal


cdef void merge_few(
    const uint8_t* base, Attribute* items, size_t* count, Buffer* scratch
) noexcept nogil:
    """Compare each key with all before it."""
    cdef size_t kept = 0
    cdef size_t i
    cdef size_t j
    for i in range(count[0]):
        for j in range(kept):
            if same_key(base, &items[j], &items[i], scratch):
                items[j].value = items[i].value
                break
        else:
            items[kept] = items[i]
            kept += 1
    count[0] = kept


cdef bint merge_many(
    const uint8_t* base, Attribute* items, size_t* count, Buffer* scratch
) noexcept nogil:
    """Compare through a hash table of numbers, which lies in a buffer of its own."""
    cdef Buffer memory
    cdef uint32_t* slots
    cdef size_t capacity = 256
    cdef size_t kept = 0
    cdef size_t at
    cdef size_t i
    while capacity < 2 * count[0]:
        capacity *= 2
    memset(&memory, 0, sizeof(Buffer))
    if not reserve(&memory, capacity * sizeof(uint32_t)):
        return False
    slots = <uint32_t*> memory.data
    memset(slots, 0, capacity * sizeof(uint32_t))
    for i in range(count[0]):
        at = items[i].hash & (capacity - 1)
        while slots[at] and not same_key(
            base, &items[slots[at] - 1], &items[i], scratch
        ):
            at = (at + 1) & (capacity - 1)
        if slots[at]:
            items[slots[at] - 1].value = items[i].value
            continue
        items[kept] = items[i]
        kept += 1
        slots[at] = <uint32_t> kept
    buffer_free(&memory)
    count[0] = kept
    return not scratch.failed
