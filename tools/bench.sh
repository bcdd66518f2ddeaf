#!/usr/bin/env bash
# Measures the bars: first load, Lighthouse, a step on a long run, its first drawing beside Mermaid's, opening a long link, the search beside Stateright's.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
need_test_tools
need_build_tools
say "Release build"
build_site
cargo build --locked --release --bin interleave
say "Building the search beside Stateright's (about two minutes the first time)"
build_search_bench
say "Measuring"
node tests/browser/bench.mjs
