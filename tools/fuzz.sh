#!/bin/bash
# fuzz.sh VENV SECONDS [SEED]: fuzz the core for about so many seconds.
#
# A quarter of the time each: the released build with inputs at the edge of a page;
# numbers, texts and times beside Python's; a build with the address and undefined
# sanitizers and inputs on the heap; libFuzzer on that build, guided by coverage. Then
# the leak sanitizer. Ends with the exit status 1 if there is a crash, a report or a
# difference. Findings and counts are in .cache/fuzz.
set -euo pipefail
venv=$1 seconds=$2 seed=${3:-$(date +%s)}
fuzz=.venv-fuzz work=.cache/fuzz
part=$((seconds / 4 + 1))
mkdir -p "$work/found"

if ! command -v clang++ >/dev/null || ! ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer_no_main-*.a >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update -qq
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
      clang llvm "$(apt-cache search --names-only '^libclang-rt-[0-9]+-dev$' | sort -V | head -n 1 | cut -d' ' -f1)"
  else
    echo "please install first: sudo apt-get install clang llvm libclang-rt-14-dev" >&2
    exit 2
  fi
fi
runtime=$(clang --print-runtime-dir)
[ -d "$runtime" ] || runtime=$(dirname "$runtime")/linux
machine=$(uname -m)

# The instrumented core, in an environment of its own.
make -s PYTHON="$venv/bin/python" VENV="$fuzz" "$fuzz/.tools"
newest=$(find src/hiq/_core CMakeLists.txt pyproject.toml -newer "$fuzz/.built" 2>/dev/null | head -n 1 || true)
if [ ! -e "$fuzz/.built" ] || [ -n "$newest" ]; then
  CC=clang CXX=clang++ "$fuzz/bin/python" -m pip install -q --no-build-isolation \
    --config-settings=build-dir=build-fuzz --config-settings=cmake.build-type=RelWithDebInfo \
    --config-settings=cmake.define.HIQ_SANITIZE=fuzzer-no-link,address,undefined -e .
  touch "$fuzz/.built"
fi
library=$work/libhiqfuzz.so
if [ ! -e "$library" ] || [ tests/fuzz/libfuzzer.c -nt "$library" ]; then
  clang -O1 -shared -fPIC -o "$library" tests/fuzz/libfuzzer.c -Wl,--whole-archive \
    "$runtime/libclang_rt.fuzzer_no_main-$machine.a" -Wl,--no-whole-archive \
    -lstdc++ -lpthread -ldl -lm
fi

# The Python that has both libraries loaded before it.
target=$work/python
cat >"$target" <<EOF
#!/bin/bash
cd "$PWD"
# libFuzzer first: the sanitizer has empty functions of the names that count coverage.
export LD_PRELOAD="$PWD/$library $runtime/libclang_rt.asan-$machine.so"
export PYTHONMALLOC=malloc HIQ_FUZZ_TARGET="$PWD/$work/target"
export HIQ_FUZZ_COUNTS="\${HIQ_FUZZ_COUNTS:-$PWD/$work/libfuzzer.json}"
export ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:detect_stack_use_after_return=0:handle_segv=1\${ASAN_OPTIONS:+:\$ASAN_OPTIONS}"
export UBSAN_OPTIONS="halt_on_error=1:abort_on_error=1:print_stacktrace=1"
export ASAN_SYMBOLIZER_PATH="$(command -v llvm-symbolizer || true)"
exec "$PWD/$fuzz/bin/python" "\$@"
EOF
printf '#!/bin/bash\nexec "%s" -m tests.fuzz.libfuzzer "$@"\n' "$PWD/$target" >"$work/target"
chmod +x "$target" "$work/target"

status=0
echo "== released build, inputs at the edge of a page"
"$venv/bin/python" -m tests.fuzz.campaign --seconds "$part" --seed "$seed" \
  --log "$work/log.ndjson" || status=1
echo "== values beside Python's own"
"$venv/bin/python" -m tests.fuzz.values --seconds "$part" --seed "$seed" || status=1
echo "== address and undefined sanitizers"
"$target" -m tests.fuzz.campaign --seconds "$part" --seed "$((seed + 1))" \
  --place exact --log "$work/log.ndjson" || status=1
echo "== libFuzzer"
"$target" -m tests.fuzz.corpus unpack "$work/found"
"$work/target" "$work/found" -max_total_time="$part" -max_len=16384 -timeout=60 -entropic=0 -detect_leaks=0 \
  -rss_limit_mb=4096 -artifact_prefix="$work/" -print_final_stats=1 -verbosity=0 || status=1
cat "$work/libfuzzer.json"
echo
echo "== leak sanitizer"
"$target" -m tests.fuzz.leaks || status=1
exit "$status"
