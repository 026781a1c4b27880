from hiq._core.table cimport Table

# hot path
cdef bint table_arrange(Table* table, bint keep_empty) noexcept nogil
