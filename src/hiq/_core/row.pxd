# What the schemas beside `ha` keep of an entity: its last attributes and what they
# made of them. Equal attributes give equal heads and attribute fields.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.parts cimport Marks, Parts
from hiq._core.span cimport Span, Value
from hiq._core.tags cimport Entity

cdef enum:
    SEGMENTS = 4

cdef struct Made:
    Buffer head
    Buffer fields               # of the attributes, ready for the line
    uint32_t[SEGMENTS] ends     # of parts of the fields
    uint64_t series
    bint refused                # the schema takes no event of the entity

cdef struct Row:
    Buffer raw                  # the attributes
    uint32_t version            # of the registry
    bint known
    Made homeiq
    Made tidy

# One event, judged, as the schemas see it.
cdef struct Seen:
    const uint8_t* base
    const Entity* entity
    uint32_t number             # of the entity, 0 if it is not in the table
    bint removed
    Span state
    uint8_t flags               # of the state's string
    int64_t fired_ns
    Value attributes            # of the state, or of the one that was removed
    Parts parts
    Marks marks                 # only while a row is made
