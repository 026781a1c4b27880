"""What the routes answer, as structs: the encoder and /openapi.json read them.

One module for each kind of document. A struct says names and types and nothing else;
what a value means is in its docstring, which /openapi.json repeats.
"""

__all__: list[str] = []
