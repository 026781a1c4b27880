"""What a pipeline shows to those who watch: accepted events, as they were sent.

Of each entity it is kept whether anybody wants it, so that nothing is copied for
nobody, and whether its newest event is enough: then that is held without an object,
until somebody asks. What is collected and not fetched is bounded; beyond that it is counted. It
judges nothing and knows no client.
"""

import json

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.buffer cimport buffer_free, grow_array, put
from hiq._core.event cimport Event
from hiq._core.span cimport ESCAPED, MAP, STRING, Span, hash_of, span_of
from hiq._core.tags cimport Entities


cdef size_t HOLD_BYTES = 2 << 20
"""Of newest events that are held; what comes beyond is collected as it comes."""


cdef class Tap:
    """Collects at most `limit` bytes of events; made when somebody begins to watch."""

    # construction

    def __cinit__(self, size_t limit):
        self._found = []
        self._limit = limit

    def __dealloc__(self):
        cdef size_t i
        for i in range(self._held_count):
            buffer_free(&self._held[i].json)
        free(self._held)
        free(self._waiting)
        free(self._marks)

    # hot path

    cdef bint take(
        self, const uint8_t* base, const Event* event, Entities entities
    ) noexcept:
        """Keep an accepted event if its entity is wanted; False without memory."""
        cdef uint32_t number = event.entity
        cdef Span id = span_of(base, &event.entity_id)
        if event.event.kind != MAP or event.entity_id.kind != STRING:
            return True
        if number == 0 and not event.entity_id.flags & ESCAPED:
            number = entities.number_of(id, hash_of(id))
        if number < self._mark_count:
            if self._marks[number] == UNWANTED:
                return True
            if self._marks[number] == NEWEST and self.hold(
                number, base + event.event.start, event.event.length
            ):
                return True
        if self._bytes + event.event.length > self._limit:
            self.dropped += 1
            return True
        try:
            if event.entity_id.flags & ESCAPED:
                name = json.loads(b'"%b"' % PyBytes_FromStringAndSize(
                    <const char*> id.at, id.length
                ))
            else:
                name = PyUnicode_DecodeUTF8(<const char*> id.at, id.length, NULL)
            self._found.append((
                number,
                name,
                entities.at(number).seen_ns if number else 0,
                PyBytes_FromStringAndSize(
                    <const char*> base + event.event.start, event.event.length
                ),
            ))
        except MemoryError:
            return False
        except ValueError:  # an id of lone surrogates: nobody can name it
            return True
        self._bytes += event.event.length
        return True

    cdef bint hold(self, uint32_t number, const uint8_t* at, size_t length) noexcept:
        """Hold an event in place of an older one; False without memory or room."""
        cdef size_t capacity = self._held_count
        cdef Held* held
        if number >= self._held_count:
            if not grow_array(<void**> &self._held, &capacity, number + 1, sizeof(Held)):
                return False
            memset(
                self._held + self._held_count,
                0,
                (capacity - self._held_count) * sizeof(Held),
            )
            self._held_count = capacity
        held = &self._held[number]
        if self._held_bytes - held.json.length + length > HOLD_BYTES or not grow_array(
            <void**> &self._waiting,
            &self._wait_capacity,
            self._wait_count + 1,
            sizeof(uint32_t),
        ):
            return False
        self._held_bytes -= held.json.length
        held.json.length = 0
        put(&held.json, at, length)
        if held.json.failed:
            held.json.failed = False
            return False
        self._held_bytes += length
        if not held.waits:
            held.waits = True
            self._waiting[self._wait_count] = number
            self._wait_count += 1
        return True

    cdef void cut(self, Py_ssize_t count) noexcept:
        """Forget what is behind the first so many: their frame was refused."""
        cdef Py_ssize_t i
        for i in range(count, len(self._found)):
            self._bytes -= len(self._found[i][3])
        del self._found[count:]

    # export

    cdef list all(self):
        """Return what was collected, and begin anew."""
        found, self._found = self._found, []
        self._bytes = 0
        return found

    cdef list newest(self):
        """Return the events that are held, and hold none."""
        cdef list found = []
        cdef Held* held
        cdef size_t i
        for i in range(self._wait_count):
            held = &self._held[self._waiting[i]]
            if held.json.length:
                found.append(
                    PyBytes_FromStringAndSize(
                        <const char*> held.json.data, held.json.length
                    )
                )
        for i in range(self._wait_count):
            held = &self._held[self._waiting[i]]
            held.waits = False
            buffer_free(&held.json)
        self._wait_count = self._held_bytes = 0
        return found

    cdef bint mark(self, uint32_t number, uint8_t value) noexcept:
        """Note whether an entity is wanted; False without memory."""
        cdef size_t capacity = self._mark_count
        if number >= self._mark_count:
            if not grow_array(<void**> &self._marks, &capacity, number + 1, 1):
                return False
            memset(self._marks + self._mark_count, UNKNOWN, capacity - self._mark_count)
            self._mark_count = capacity
        self._marks[number] = value
        return True

    cdef void forget(self) noexcept:
        """Forget who is wanted."""
        if self._mark_count:
            memset(self._marks, UNKNOWN, self._mark_count)
