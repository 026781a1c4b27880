"""Shell patterns as Python's `fnmatchcase` has them, on UTF-8 and without Python.

`*`, `?`, `[seq]`, `[!seq]`, always against the whole text. Patterns are taken apart
once; a match steps back to the last star only, so its time is bounded.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, malloc

from hiq._core.span cimport Span, span
from hiq._core.unicode cimport next_point
from hiq._core.vector cimport differ

from hiq._core.patterns import ends_of, steps_of


cdef class Globs:
    """Built from a sequence of patterns."""

    # construction

    def __cinit__(self, patterns):
        cdef size_t i = 0
        cdef size_t at = 0
        cdef bytes marks
        parsed = [steps_of(pattern) for pattern in patterns]
        ranges = [pair for steps in parsed for step in steps for pair in step[1]]
        total = sum(len(steps) for steps in parsed)
        self.count = len(parsed)
        self._steps = <GlobStep*> malloc((total + 1) * sizeof(GlobStep))
        self._starts = <size_t*> malloc((self.count + 1) * sizeof(size_t))
        self._ranges = <Range*> malloc((len(ranges) + 1) * sizeof(Range))
        self._ends = <Ends*> malloc((self.count + 1) * sizeof(Ends))
        if (
            self._steps == NULL or self._starts == NULL
            or self._ranges == NULL or self._ends == NULL
        ):
            raise MemoryError
        for i, (low, high) in enumerate(ranges):
            self._ranges[i].low = low
            self._ranges[i].high = high
        i = 0
        total = 0
        for at, steps in enumerate(parsed):
            self._starts[at] = i
            for kind, pairs in steps:
                self._steps[i].step = kind
                self._steps[i].first = total
                total += len(pairs)
                self._steps[i].last = total
                if kind == LITERAL:
                    self._steps[i].first = pairs[0][0]
                i += 1
        self._starts[self.count] = i
        self._owned = [ends_of(steps) for steps in parsed]
        for i, (prefix, suffix, fewest) in enumerate(self._owned):
            self._ends[i].prefix = <const uint8_t*> <const char*> prefix
            self._ends[i].prefix_length = len(prefix)
            self._ends[i].suffix = <const uint8_t*> <const char*> suffix
            self._ends[i].suffix_length = len(suffix)
            self._ends[i].fewest = fewest
            self._ends[i].head = head_of(self._ends[i].prefix, len(prefix))
            self._ends[i].tail = tail_of(self._ends[i].suffix, len(suffix))
            marks = b"\xff" * len(prefix)
            self._ends[i].head_mask = head_of(<const uint8_t*> <char*> marks, len(marks))
            marks = b"\xff" * len(suffix)
            self._ends[i].tail_mask = tail_of(<const uint8_t*> <char*> marks, len(marks))

    def __dealloc__(self):
        free(self._steps)
        free(self._starts)
        free(self._ranges)
        free(self._ends)

    def first(self, str text):
        """Return the number of the first pattern that matches, -1 if none does."""
        cdef bytes owned = text.encode()
        cdef Span name = span(<const uint8_t*> <char*> owned, len(owned))
        cdef Edges edges
        cdef size_t i
        look_at(name, &edges)
        i = next_fit(self._ends, 0, self.count, &edges)
        while i < self.count and not self.matches(i, name):
            i = next_fit(self._ends, i + 1, self.count, &edges)
        return i if i < self.count else -1

    # hot path

    cdef bint _accepts(self, const GlobStep* step, uint32_t point) noexcept nogil:
        """Return whether one step takes one code point."""
        cdef uint32_t i
        if step.step == LITERAL:
            return point == step.first
        if step.step == ANY:
            return True
        for i in range(step.first, step.last):
            if self._ranges[i].low <= point <= self._ranges[i].high:
                return step.step == INSIDE
        return step.step == OUTSIDE

    cdef bint matches(self, size_t index, Span text) noexcept nogil:
        """Return whether pattern number `index` matches the whole text."""
        cdef const GlobStep* step = self._steps + self._starts[index]
        cdef const GlobStep* last = self._steps + self._starts[index + 1]
        cdef const GlobStep* star = NULL
        cdef const uint8_t* at = text.at
        cdef const uint8_t* end = at + text.length
        cdef const uint8_t* retry = NULL
        cdef const uint8_t* ahead
        cdef const Ends* ends = &self._ends[index]
        if (
            text.length < ends.fewest
            or differ(at, ends.prefix, ends.prefix_length)
            or differ(
                end - ends.suffix_length, ends.suffix, ends.suffix_length
            )
        ):
            return False
        while True:
            if step < last and step.step == STAR:
                star = step
                retry = at
                step += 1
                continue
            if at == end:
                return step == last
            ahead = at
            if step < last and self._accepts(step, next_point(&ahead)):
                step += 1
                at = ahead
                continue
            if star == NULL:
                return False
            next_point(&retry)
            at = retry
            step = star + 1

    cdef bint any(self, Span text) noexcept nogil:
        """Return whether any pattern matches the whole text."""
        cdef Edges edges
        cdef size_t i
        look_at(text, &edges)
        i = next_fit(self._ends, 0, self.count, &edges)
        while i < self.count:
            if self.matches(i, text):
                return True
            i = next_fit(self._ends, i + 1, self.count, &edges)
        return False
