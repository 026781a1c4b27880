"""Limits of the C library's allocator, for a process that runs for months.

Batches of some MiB come and go. Left alone, glibc learns from them to keep ever
larger ones in its heaps, one for each thread, and gives little back. It knows
nothing of what is allocated, and does nothing where there is no glibc.
"""

cdef extern from *:
    """
    #if defined(__GLIBC__)
    #include <malloc.h>
    static int hiq_limit(int arenas, int mapped, int kept) {
        return mallopt(M_ARENA_MAX, arenas) && mallopt(M_MMAP_THRESHOLD, mapped)
            && mallopt(M_TRIM_THRESHOLD, kept);
    }
    static int hiq_give_back(void) { return malloc_trim(0); }
    #else
    static int hiq_limit(int arenas, int mapped, int kept) {
        (void)arenas; (void)mapped; (void)kept;
        return 0;
    }
    static int hiq_give_back(void) { return 0; }
    #endif
    """
    int hiq_limit(int arenas, int mapped, int kept) noexcept nogil
    int hiq_give_back() noexcept nogil

cdef enum:
    ARENAS = 1             # heaps: the threads share one
    MAPPED = 2 << 20       # from here on bytes go back to the system when freed
    KEPT = 8 << 20         # free bytes at the end of a heap that stay


# export


def limit_heap():
    """Set the limits for the process, once; returns whether they could be set."""
    return bool(hiq_limit(ARENAS, MAPPED, KEPT))


def give_back():
    """Give free memory in the heaps back to the system; returns whether any was.

    What a flood leaves lies between what is still used, where the limits do not
    reach. Takes some milliseconds; other threads may go on until they allocate.
    """
    cdef int given
    with nogil:
        given = hiq_give_back()
    return bool(given)
