from libc.stdint cimport int32_t, uint32_t

from hiq._core.globs cimport Edges, Globs
from hiq._core.span cimport Span
from hiq._core.texts cimport Texts

# What a condition looks at; `filter_options.Key` has the same values.
cdef enum:
    ENTITY_ID = 0
    DOMAIN = 1
    DEVICE_CLASS = 2
    AREA_ID = 3
    FLOOR_ID = 4
    LABEL = 5
    INTEGRATION = 6
    ENTITY_CATEGORY = 7
    PLATFORM = 8
    KEYS = 9
    FIRST_TAG = 3       # from here on the registry's

# What is known of an entity, in the order of the keys; empty: it is not known.
cdef struct Facts:
    Span[9] of

# One of so many texts, or globs, must match.
cdef struct Condition:
    uint32_t key
    uint32_t first
    uint32_t last

cdef class Rules:
    # construction
    cdef Globs _globs
    cdef Texts _texts
    cdef Condition* _conditions
    cdef size_t* _starts        # of each rule in the conditions, and the end
    cdef int32_t* _asking       # numbers of the rules that ask for the class
    cdef int32_t _asking_count
    cdef readonly int32_t count
    cdef readonly bint asks_class

    # hot path
    cdef bint _holds(
        self, const Condition* condition, Span fact, const Edges* edges
    ) noexcept nogil
    cdef int32_t first(self, const Facts* facts, bint* by_class) noexcept nogil
    cdef int32_t first_of_class(
        self, const Facts* facts, int32_t before
    ) noexcept nogil
