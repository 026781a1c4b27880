from hiq._core.buffer cimport Buffer
from hiq._core.event cimport Tape
from hiq._core.line cimport Encoder

cdef class Encoding:
    # construction
    cdef list _frames
    cdef Tape* _tapes
    cdef size_t _count
    cdef Encoder _encoder
    cdef Buffer _lines
