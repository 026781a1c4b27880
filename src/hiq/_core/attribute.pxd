# One member of the map of attributes, as the envelope notes it.

from libc.stdint cimport uint64_t

from hiq._core.span cimport Value

cdef struct Attribute:
    Value key
    Value value
    uint64_t hash    # of the key without escapes, set by `unique`
