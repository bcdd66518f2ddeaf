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
say "Native tests"
cargo test --locked
say "Release build"
build_site
cargo build --locked --release --bin interleave
say "InnoDB against a real MariaDB"
# Seeds that have agreed: a difference is a fault of ours. Others are for make fidelity.
FIDELITY_SEED="${FIDELITY_SEED:-20300000}" bash tools/fidelity/mariadb.sh
say "Browser tests against dist/"
node --test --test-concurrency=1 tests/browser/*.test.mjs
