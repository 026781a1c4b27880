# Nothing of this module is seen by Python: its names are in the .pxd.
"""String fields: a text on one line, a text up to a size, JSON as it came.

It knows nothing of names or schemas.
"""

from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer, put, put_byte, put_span
from hiq._core.span cimport Span, Value, span
from hiq._core.text cimport has_breaks, one_line, put_quoted, text_of

# hot path


cdef void put_string(Buffer* out, Span text, Buffer* scratch) noexcept nogil:
    """Append a text on one line, in quotes; `scratch` must not hold it."""
    if has_breaks(text):
        scratch.length = 0
        put_span(scratch, text)
        if scratch.failed:
            out.failed = True
            return
        text = span(scratch.data, one_line(scratch.data, text.length))
    put_quoted(out, text)


cdef void put_string_of(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* text, Buffer* scratch
) noexcept nogil:
    """Append the text of a JSON string on one line, in quotes."""
    text.length = 0
    put_string(out, text_of(base, value, text), scratch)
    if text.failed:
        out.failed = True


cdef bint put_capped(
    Buffer* out, Span text, size_t most, Buffer* scratch
) noexcept nogil:
    """Append a text on one line of at most so many bytes; True if it was cut.

    `scratch` must not hold the text.
    """
    cdef bint cut
    scratch.length = 0
    if has_breaks(text):
        put_span(scratch, text)
        if scratch.failed:
            out.failed = True
            return False
        text = span(scratch.data, one_line(scratch.data, text.length))
    cut = text.length > most
    if cut:
        while most and text.at[most] & 0xC0 == 0x80:
            most -= 1
        text = span(text.at, most)
    put_quoted(out, text)
    return cut


cdef Span json_text(Span raw, Buffer* scratch) noexcept nogil:
    """Return JSON on one line and of equal content, in `scratch` if it was not.

    Breaks between its parts vanish, those inside a string become its escapes.
    """
    cdef const uint8_t* at = raw.at
    cdef const uint8_t* end = raw.at + raw.length
    if not has_breaks(raw):
        return raw
    scratch.length = 0
    while at < end:
        if at[0] == 10 or at[0] == 13:
            at += 1
        elif end - at >= 2 and at[0] == 0xC2 and at[1] == 0x85:
            put(scratch, b"\\u0085", 6)
            at += 2
        elif end - at >= 3 and at[0] == 0xE2 and at[1] == 0x80 and (
            at[2] == 0xA8 or at[2] == 0xA9
        ):
            put(scratch, b"\\u2028" if at[2] == 0xA8 else b"\\u2029", 6)
            at += 3
        else:
            put_byte(scratch, at[0])
            at += 1
    return span(scratch.data, scratch.length)
