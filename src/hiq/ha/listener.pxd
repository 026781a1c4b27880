from picows.picows cimport WSFrame, WSListener

from hiq._core.pipeline cimport Pipeline
from hiq._core.verdict cimport Tally


cdef class Listener(WSListener):
    # construction
    cdef object _owner
    cdef object _count
    cdef object _on_full
    cdef object _on_passed
    cdef Pipeline _pipeline
    cdef Tally _tally
    cdef bint _direct
    cdef public bint in_batch

    # hot path
    cdef int _feed(self, WSFrame frame) except -1
    cdef int _tell(self) except -1
