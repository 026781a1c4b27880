cdef class Pipeline:
    cdef dict _options
