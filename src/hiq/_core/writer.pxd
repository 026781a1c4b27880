cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from hiq._core.allowance cimport Allowance
from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport Buffer
from hiq._core.event cimport Event, Tape
from hiq._core.fields cimport Fields
from hiq._core.memo cimport Changes, Memo
from hiq._core.memory cimport Memory
from hiq._core.overlay cimport Overlay
from hiq._core.series cimport Series
from hiq._core.span cimport Span
from hiq._core.stamp cimport Stamp
from hiq._core.status cimport Status
from hiq._core.tags cimport Entity
from hiq._core.vocabulary cimport Vocabulary, Word

@cython.final
cdef class Writer:
    # construction
    cdef Overlay _overlay
    cdef Vocabulary _vocabulary
    cdef Series _series
    cdef Fields fields
    cdef Memory memory
    cdef Allowance allowance             # set by the owner
    cdef Buffer _source
    cdef Changes _changes                # of the point at hand
    cdef Stamp _stamp                    # of the last line
    cdef bint _skip_null
    cdef uint64_t series                 # of the last line

    # hot path
    cdef Status write(
        self, const uint8_t* base, Event* event, Tape* tape, Span state,
        Entity* entity, int64_t time_ns, Buffer* out,
    ) noexcept nogil
    cdef bint _again(
        self, const uint8_t* base, Event* event, Tape* tape, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil
    cdef bint _asks_others(
        self, const Memo* memo, const Event* event, const Tape* tape, const Entity* entity
    ) noexcept nogil
    cdef Status _anew(
        self, const uint8_t* base, const Event* event, Attribute* items, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil
    cdef bint _tag(
        self, const uint8_t* base, const Attribute* item, const Word* word,
        const Entity* entity, const Attribute* items, size_t count,
    ) noexcept nogil
