#!/usr/bin/env bash
# All tests, from the cheapest to the dearest: formatting, lints, native tests, the release build, the browser.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
need_test_tools
need_build_tools
say "Formatting"
git ls-files -z '*.rs' | xargs -0 rustfmt --edition 2024 --check
say "Lints, native"
cargo clippy --locked --all-targets -- -D warnings
say "Lints, Wasm"
cargo clippy --locked --target wasm32-unknown-unknown --lib --bin interleave -- -D warnings
cargo clippy --locked --target wasm32-unknown-unknown --features locks --lib --bin interleave-locks -- -D warnings
cargo clippy --locked --target wasm32-unknown-unknown --features sql --lib --bin interleave-databases -- -D warnings
cargo clippy --locked --target wasm32-unknown-unknown --features services --lib --bin interleave-services -- -D warnings
say "Native tests"
cargo test --locked
say "Release build"
build_site
cargo build --locked --release --bin interleave
say "Browser tests against dist/"
node --test --test-concurrency=1 tests/browser/*.test.mjs
