"""Fuzzing of the compiled core, through its public door `hiq.Pipeline` only.

- `mutate`: sequences of frames, made from the recorded ones with their grammar.
- `judge`: one execution, which is one frame fed to a pipeline that remembers, beside
  orjson, a pipeline that remembers nothing, and the Python reference.
- `campaign`: many executions in a process of its own; `libfuzzer`: inputs chosen by
  coverage; `values`: numbers, texts and times beside Python's own.

`make fuzz` runs all of it; docs/topics/fuzzing.md says what is compared and counted.
"""
