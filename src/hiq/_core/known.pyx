"""The Python text of well-known attributes, by the table in `known_rows`.

A row answers only if the value has its shape; else the caller writes the plain
text. It knows nothing of fields or tags.
"""

from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer, put, put_byte, put_span
from hiq._core.attribute cimport Attribute
from hiq._core.moment cimport is_moment_shape
from hiq._core.pytext cimport put_nested
from hiq._core.scan cimport Cursor, enter, inside, next_item, scan_value
from hiq._core.span cimport (
    FLOAT, INTEGER, LIST, STRING, Span, Value,
)
from hiq._core.text cimport is_text, text_of
from hiq._core.texts cimport Texts


cdef class Known:
    """Built from the rows of the table, at most 32."""

    # construction

    def __cinit__(self, rows):
        cdef KnownRow* to
        cdef size_t text = 0
        texts = []
        for row in rows:
            texts += [row.enum, *row.words, *row.siblings]
        self._texts = Texts(texts)
        for i, row in enumerate(rows[:MAX_ROWS]):
            to = &self._rows[i]
            to.shape = row.shape
            if to.shape == ENUMS:
                self.asking |= <uint32_t> 1 << <int> i
            to.enum_name = self._texts.at(text)
            to.word_count = len(row.words)
            to.sibling_count = len(row.siblings)
            for j, word in enumerate(row.words):
                to.words[j] = self._texts.at(text + 1 + <size_t> j)
                to.plain[j] = word in row.plain
            text += 1 + to.word_count
            for j in range(to.sibling_count):
                to.siblings[j] = self._texts.at(text + <size_t> j)
            text += to.sibling_count

    # hot path

    cdef bint put(
        self,
        Buffer* out,
        int row,
        const uint8_t* base,
        const Value* value,
        const Attribute* items,
        size_t count,
        Buffer* scratch,
    ) noexcept nogil:
        """Append the restored text; False and nothing if the shape does not match.

        `items` are all attributes of the entity.
        """
        cdef size_t mark = out.length
        cdef size_t before
        cdef Span text
        cdef bint good = False
        cdef int shape = self._rows[row].shape
        if shape == MOMENT:
            if value.kind != STRING:
                return False
            before = scratch.length
            text = text_of(base, value, scratch)
            scratch.length = before
            if not is_moment_shape(text):
                return False
            put_span(out, text)
            if not out.failed:
                out.data[mark + 10] = c" "
            return True
        if value.kind != LIST:
            return False
        if shape == ENUMS:
            good = self._put_enums(out, &self._rows[row], base, value, items, count)
        else:
            good = self._put_tuple(out, base, value, shape == STRINGS, scratch)
        if not good:
            out.length = mark
        return good

    cdef bint is_enum(self, int row) noexcept nogil:
        """Return whether the row does not apply to entities of platform `mqtt`."""
        return self._rows[row].shape == ENUMS

    cdef bint _put_tuple(
        self, Buffer* out, const uint8_t* base, const Value* value, bint texts,
        Buffer* scratch,
    ) noexcept nogil:
        """Append a list of strings, or of 2 to 5 numbers, as a tuple."""
        cdef Cursor cursor
        cdef Value item
        cdef size_t count = 0
        inside(&cursor, base, value)
        enter(&cursor)
        put_byte(out, c"(")
        while next_item(&cursor, count == 0) > 0:
            scan_value(&cursor, &item)
            if texts:
                if item.kind != STRING:
                    return False
            elif item.kind != INTEGER and item.kind != FLOAT:
                return False
            if count:
                put(out, b", ", 2)
            count += 1
            put_nested(out, base, &item, scratch)
        if texts:
            if count == 1:
                put_byte(out, c",")
        elif not 2 <= count <= 5:
            return False
        put_byte(out, c")")
        return True

    cdef bint _put_enums(
        self,
        Buffer* out,
        const KnownRow* row,
        const uint8_t* base,
        const Value* value,
        const Attribute* items,
        size_t count,
    ) noexcept nogil:
        """Append a list of known words as enum members."""
        cdef Cursor cursor
        cdef Value item
        cdef bint first = True
        cdef bint all_plain = True
        cdef size_t i
        cdef size_t j
        inside(&cursor, base, value)
        enter(&cursor)
        put_byte(out, c"[")
        while next_item(&cursor, first) > 0:
            scan_value(&cursor, &item)
            if item.kind != STRING:
                return False
            for i in range(row.word_count):
                if is_text(base, &item, row.words[i]):
                    break
            else:
                return False
            all_plain = all_plain and row.plain[i]
            if not first:
                put(out, b", ", 2)
            first = False
            put_byte(out, c"<")
            put_span(out, row.enum_name)
            put_byte(out, c".")
            for j in range(row.words[i].length):
                put_byte(
                    out,
                    row.words[i].at[j] - (32 if c"a" <= row.words[i].at[j] <= c"z" else 0),
                )
            put(out, b": '", 3)
            put_span(out, row.words[i])
            put(out, b"'>", 2)
        put_byte(out, c"]")
        if all_plain and not first:
            return True
        for i in range(row.sibling_count):
            for j in range(count):
                if is_text(base, &items[j].key, row.siblings[i]):
                    break
            else:
                return False
        return True
