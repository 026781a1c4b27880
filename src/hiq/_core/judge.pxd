cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from hiq._core.allowance cimport Allowance
from hiq._core.buffer cimport Buffer
from hiq._core.event cimport Event, Tape
from hiq._core.filter cimport Filter
from hiq._core.rules cimport Facts, Rules
from hiq._core.span cimport Span
from hiq._core.tags cimport Entity

# Why an entity must be looked at again before its event is judged.
cdef enum:
    UNDECIDED = 1       # it is new, or what decides has changed
    BY_CLASS = 2        # another device class could lead to another answer

# Numbers of what decided; behind them come the exceptions, then the patterns.
cdef enum:
    NO_RULE = 0
    LISTS = 1           # include and exclude of Home Assistant's block
    RULES = 2

cdef struct Bound:
    int64_t interval_ns
    double change

@cython.final
cdef class Judge:
    # construction
    cdef Filter _filter
    cdef Rules _rules
    cdef Rules _limits
    cdef Bound* _bounds
    cdef Allowance allowance
    cdef int32_t _exceptions
    cdef bint _is_include
    cdef bint _asks_class
    cdef Buffer _text
    cdef bint _is_read          # the class of the event at hand was looked for
    cdef int32_t _part          # number of the class that was found, -1: there is none
    cdef uint64_t* counts       # events by what decided
    cdef uint64_t* thinned      # events by limit, from 1 on

    # hot path
    cdef bint look(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil
    cdef bint _look(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil
    cdef bint _has_same_class(
        self, const Event* event, const Tape* tape, const Entity* entity
    ) noexcept nogil
    cdef bint _class_of(
        self, const uint8_t* base, Event* event, Tape* tape, Span* out
    ) noexcept nogil
    cdef void decide(self, Entity* entity) noexcept nogil
    cdef void _decide_class(
        self, Entity* entity, int32_t rule, int32_t limit
    ) noexcept nogil
    cdef void _apply(self, Entity* entity, int32_t rule) noexcept nogil
    cdef void remember(self, Entity* entity) noexcept nogil
    cdef bint is_exception(self, int32_t rule) noexcept nogil
    cdef bint thins(self, Entity* entity, Span state, int64_t stamp) noexcept nogil
    cdef void written(self, Entity* entity, Span state, int64_t stamp) noexcept nogil
