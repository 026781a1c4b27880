"""Finished lines until they are taken, in the order of arrival.

Lines become visible by `commit` at the end of a frame, or vanish by `roll_back`.
Taken as they came, or grouped by series: stable inside a series, series sorted by
their first line, so that alike ones are near each other and compress better. It knows
nothing of what a line says.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort
from libc.string cimport memcmp, memcpy

from hiq._core.buffer cimport Buffer, buffer_free, buffer_trim, grow_array

cdef enum:
    KEEP_BYTES = 1 << 22     # memory kept between two batches
    KEEP_LEAST = 1 << 18
    KEEP_RECORDS = 1 << 15

# Of the lines of one series while they are grouped.
cdef struct Group:
    uint64_t series
    const uint8_t* line    # its first one
    size_t length
    size_t bytes     # of its lines, then where its next line goes
    uint32_t used


cdef int compare_groups(const void* one, const void* two) noexcept nogil:
    """Order groups by their first line, for qsort; equal ones by arrival."""
    cdef const Group* left = (<const Group**> one)[0]
    cdef const Group* right = (<const Group**> two)[0]
    cdef int found = memcmp(left.line, right.line, min(left.length, right.length))
    if found:
        return found
    return -1 if left.line < right.line else 1


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

    cdef Part part(
        self, const Part* before, size_t max_count, size_t max_bytes
    ) noexcept nogil:
        """Return what follows a part, at most so much, but one line if there is one."""
        cdef Part found
        cdef size_t i
        cdef Record* record
        found.first = before.first + before.count
        found.start = before.start + before.length
        found.count = found.length = 0
        found.first_ns = found.last_ns = 0
        for i in range(found.first, self.count):
            record = &self._records[i]
            if found.count and (
                found.count == max_count or found.length + record.length > max_bytes
            ):
                break
            if not found.count:
                found.first_ns = found.last_ns = record.time_ns
            found.count += 1
            found.length += record.length
            found.first_ns = min(found.first_ns, record.time_ns)
            found.last_ns = max(found.last_ns, record.time_ns)
        return found

    cdef bint group(self, const Part* part, char* to) noexcept nogil:
        """Copy the lines of a part to `to`, series by series; False without memory."""
        cdef Record* records = self._records + part.first
        cdef const uint8_t* lines = self.lines.data + part.start
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
        while capacity < 2 * part.count:
            capacity *= 2
        groups = <Group*> calloc(capacity, sizeof(Group))
        order = <Group**> malloc(2 * part.count * sizeof(Group*))
        if groups == NULL or order == NULL:
            free(groups)
            free(order)
            return False
        of_line = order + part.count
        for i in range(part.count):
            at = records[i].series & (capacity - 1)
            while groups[at].used and groups[at].series != records[i].series:
                at = (at + 1) & (capacity - 1)
            found = &groups[at]
            if not found.used:
                found.used = 1
                found.series = records[i].series
                found.line = lines + offset
                found.length = records[i].length
                order[found_count] = found
                found_count += 1
            found.bytes += records[i].length
            offset += records[i].length
            of_line[i] = found
        qsort(order, found_count, sizeof(Group*), compare_groups)
        offset = 0
        for i in range(found_count):
            before = offset
            offset += order[i].bytes
            order[i].bytes = before
        offset = 0
        for i in range(part.count):
            found = of_line[i]
            memcpy(to + found.bytes, lines + offset, records[i].length)
            found.bytes += records[i].length
            offset += records[i].length
        free(groups)
        free(order)
        return True

    cdef void clear(self) noexcept nogil:
        """Forget all lines."""
        # Enough for a few of these: after a flood the next small batch frees the rest.
        cdef size_t enough = KEEP_LEAST + 4 * self.lines.length
        buffer_trim(&self.lines, min(enough, <size_t> KEEP_BYTES))
        self.count = 0
        if self._capacity > KEEP_RECORDS:
            free(self._records)
            self._records = NULL
            self._capacity = 0
        self.commit()
