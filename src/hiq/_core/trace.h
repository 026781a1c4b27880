/* Included by force into builds with line tracing, and only there.
 *
 * Cython shows the tracer what each function returns, so it makes a Python value of a
 * Span: of a pointer into a frame, which has no terminating zero and may be null. The
 * tracer for coverage does not look at the value; give it an empty one.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define PyBytes_FromString(text) PyBytes_FromStringAndSize("", 0)
