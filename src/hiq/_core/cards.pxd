from libc.stdint cimport uint8_t, uint32_t

from hiq._core.span cimport Span

# What schemas use of the registry. The order is that of `KEYS`.
cdef enum:
    AREA_ID = 0
    AREA = 1
    FLOOR = 2
    LABELS = 3
    DEVICE_ID = 4
    DEVICE = 5
    MANUFACTURER = 6
    MODEL = 7
    SW_VERSION = 8
    ENTITY_CATEGORY = 9
    PLATFORM = 10
    RID = 11
    FIRST_ID = 12
    CARD_KEYS = 13

# The texts of one entity, one behind the other.
cdef struct Card:
    uint8_t* data
    uint32_t[13] ends
    uint32_t version     # 0 until it is set

cdef class Cards:
    # construction
    cdef Card* _cards
    cdef size_t _capacity
    cdef size_t _count
    cdef dict _first       # registry id -> the entity id that it had first

    # hot path
    cdef uint32_t version(self, uint32_t number) noexcept nogil
    cdef Span text(self, uint32_t number, int key) noexcept nogil
