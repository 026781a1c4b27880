"""The scanner and the encoder by themselves, for benchmarks and tests.

Nothing of the service imports it. Both loop inside, so that what is measured is the
part and not the call. Lines are those of a pipeline without a filter.
"""

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE,
)
from libc.stdint cimport uint8_t
from libc.stdlib cimport calloc, free

from hiq._core.buffer cimport Buffer, buffer_free
from hiq._core.event cimport Tape
from hiq._core.frame cimport read_frame, tape_free
from hiq._core.line cimport Encoder
from hiq._core.scan cimport Cursor, scan_value, skip_space, start
from hiq._core.span cimport Value
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities

from hiq._core.options import Options, Plan

# export


def valid(list frames):
    """Return how many of the frames are one JSON value, whatever it says."""
    cdef Cursor cursor
    cdef Value value
    cdef bytes frame
    cdef size_t count = 0
    for frame in frames:
        start(&cursor, <const uint8_t*> PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))
        skip_space(&cursor)
        if scan_value(&cursor, &value):
            skip_space(&cursor)
            count += cursor.at == cursor.end
    return count


cdef class Encoding:
    """Frames that were read once; their events can be encoded many times.

    They are read as if no entity had been seen, so every event is encoded from the
    positions of all its parts; what the encoder remembers of an entity it uses.
    ValueError: a frame that is not valid.
    """

    def __cinit__(self, list frames):
        cdef bytes frame
        cdef Entities nobody = Entities(0)
        self._frames = frames
        self._encoder = Encoder(Options.read(None), Plan.of(Options.read(None)))
        self._tapes = <Tape*> calloc(len(frames) + 1, sizeof(Tape))
        if self._tapes == NULL:
            raise MemoryError
        for frame in frames:
            if read_frame(
                &self._tapes[self._count],
                <const uint8_t*> PyBytes_AS_STRING(frame),
                PyBytes_GET_SIZE(frame),
                nobody,
            ) != Status.OK:
                raise ValueError("a frame is not valid")
            self._count += 1

    def __dealloc__(self):
        cdef size_t i
        for i in range(self._count):
            tape_free(&self._tapes[i])
        free(self._tapes)
        buffer_free(&self._lines)

    def encode(self):
        """Encode all events; returns how many lines they gave."""
        cdef bytes frame
        cdef size_t i = 0
        cdef size_t at
        cdef size_t points = 0
        cdef Tape* tape
        self._lines.length = 0
        for frame in self._frames:
            tape = &self._tapes[i]
            i += 1
            if not self._encoder.begin(tape.event_count):
                raise MemoryError
            for at in range(tape.event_count):
                if tape.events[at].is_state:
                    points += self._encoder.encode(
                        <const uint8_t*> PyBytes_AS_STRING(frame),
                        &tape.events[at],
                        tape,
                        False,
                        &self._lines,
                    ) == Status.OK
        if self._lines.failed:
            raise MemoryError
        return points

    def lines(self):
        """Return the lines of the last `encode`."""
        return PyBytes_FromStringAndSize(
            <const char*> self._lines.data, self._lines.length
        )
