"""Finished lines until they are taken, in the order of arrival.

Lines become visible by `commit` at the end of a frame, or vanish by `roll_back`.
Taken as they came, or grouped by series: stable inside a series, series in the
order of their first line. It knows nothing of what a line says.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from hiq._core.buffer cimport Buffer, buffer_free, buffer_trim, grow_array

cdef enum:
    KEEP_BYTES = 1 << 21     # memory kept between two batches
    KEEP_RECORDS = 1 << 14

# Of the lines of one series while they are grouped.
cdef struct Group:
    uint64_t series
    size_t bytes     # of its lines, then where its next line goes
    uint32_t used


cdef class Ring:
    """Lines of one schema. One thread owns it."""

    # construction

    def __dealloc__(self):
        buffer_free(&self.lines)
        free(self._records)

    # hot path

    cdef bint add(self, size_t start, uint64_t series, int64_t time_ns) noexcept nogil:
        """Make a record of the bytes from `start` on; False without memory."""
        cdef Record* record
        if self.lines.failed or not grow_array(
            <void**> &self._records, &self._capacity, self.count + 1, sizeof(Record)
        ):
            return False
        record = &self._records[self.count]
        record.series = series
        record.time_ns = time_ns
        record.length = <uint32_t> (self.lines.length - start)
        self.count += 1
        return True

    cdef void commit(self) noexcept nogil:
        """Make what was added visible."""
        self._kept_count = self.count
        self._kept_bytes = self.lines.length

    cdef void roll_back(self) noexcept nogil:
        """Forget what was added since the last commit."""
        self.count = self._kept_count
        self.lines.length = self._kept_bytes
        self.lines.failed = False

    cdef bint group(self, char* to) noexcept nogil:
        """Copy all lines to `to`, series by series; False without memory."""
        cdef size_t capacity = 64
        cdef Group* groups
        cdef Group** order
        cdef Group** of_line
        cdef Group* found
        cdef size_t found_count = 0
        cdef size_t offset = 0
        cdef size_t before
        cdef size_t at
        cdef size_t i
        while capacity < 2 * self.count:
            capacity *= 2
        groups = <Group*> calloc(capacity, sizeof(Group))
        order = <Group**> malloc(2 * self.count * sizeof(Group*))
        if groups == NULL or order == NULL:
            free(groups)
            free(order)
            return False
        of_line = order + self.count
        for i in range(self.count):
            at = self._records[i].series & (capacity - 1)
            while groups[at].used and groups[at].series != self._records[i].series:
                at = (at + 1) & (capacity - 1)
            found = &groups[at]
            if not found.used:
                found.used = 1
                found.series = self._records[i].series
                order[found_count] = found
                found_count += 1
            found.bytes += self._records[i].length
            of_line[i] = found
        for i in range(found_count):
            before = offset
            offset += order[i].bytes
            order[i].bytes = before
        offset = 0
        for i in range(self.count):
            found = of_line[i]
            memcpy(to + found.bytes, self.lines.data + offset, self._records[i].length)
            found.bytes += self._records[i].length
            offset += self._records[i].length
        free(groups)
        free(order)
        return True

    cdef void clear(self) noexcept nogil:
        """Forget all lines."""
        buffer_trim(&self.lines, KEEP_BYTES)
        self.count = 0
        if self._capacity > KEEP_RECORDS:
            free(self._records)
            self._records = NULL
            self._capacity = 0
        self.commit()

    cdef Stamps stamps(self) noexcept nogil:
        """Return the smallest and the largest time stamp, 0 without lines."""
        cdef Stamps found
        cdef int64_t time_ns
        cdef size_t i
        found.first_ns = found.last_ns = self._records[0].time_ns if self.count else 0
        for i in range(1, self.count):
            time_ns = self._records[i].time_ns
            found.first_ns = min(found.first_ns, time_ns)
            found.last_ns = max(found.last_ns, time_ns)
        return found
