# Shared by the scripts of this folder: where tools stand, how to say things, how to install what is missing.
# Every tool is looked for on PATH first, then in a cache of ours; nothing of the user's own is replaced.

set -euo pipefail

fail() { printf 'make: %s\n' "$*" >&2; exit 1; }

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
[ -n "${HOME:-}" ] || fail "HOME is not set: run make with HOME=/path/to/your/home"
CACHE="${INTERLEAVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/interleave}/tools"
TRUNK_VERSION=0.21.14
BINARYEN_VERSION=132
ESBUILD_VERSION=0.25.12
RUST_MINOR_MIN=88

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a long command quietly; shows what it said only if it fails.
quietly() {
  local log
  log="$(mktemp)"
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

APT_UPDATED=no
apt_install() {
  has apt-get || fail "these are missing and this is no Debian, so install them yourself: $*"
  # Asked here and not in as_root, whose words would end in the log of quietly.
  [ "$(id -u)" = 0 ] || has sudo ||
    fail "needs root to install Debian packages, and there is no sudo: run as root once, or install them yourself: $*"
  if [ "$APT_UPDATED" = no ]; then
    quietly as_root apt-get update || fail "apt-get update failed (see above): is the network there?"
    APT_UPDATED=yes
  fi
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
    fail "apt-get could not install: $*"
}

need_cache() {
  mkdir -p "$CACHE" 2>/dev/null || fail "cannot write $CACHE: set INTERLEAVE_CACHE to a folder that can be written"
}

need_compiler() {
  if ! has cc; then
    say "Installing a C linker (under a minute)"
    apt_install build-essential
  fi
}

need_rust() {
  if [ -f "$HOME/.cargo/env" ] && ! has cargo; then
    # shellcheck disable=SC1091
    . "$HOME/.cargo/env"
  fi
  has cargo || fail "cargo is missing: install Rust with rustup (https://rustup.rs), then run make again"
  local minor
  # A rustc that fails leaves this empty; without `|| true` it would end the script here, without a word.
  minor="$(rustc --version 2>/dev/null | sed -nE 's/^rustc 1\.([0-9]+)\..*/\1/p' || true)"
  [ -n "$minor" ] || fail "rustc does not run: choose a toolchain with 'rustup default stable', then run make again"
  [ "$minor" -ge "$RUST_MINOR_MIN" ] || fail "Rust 1.$minor is too old, 1.$RUST_MINOR_MIN is needed: run 'rustup update stable', then make again"
  need_compiler
}

need_wasm_target() {
  local sysroot
  sysroot="$(rustc --print sysroot)"
  [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown" ] && return
  has rustup || fail "the Rust target wasm32-unknown-unknown is missing and there is no rustup to add it"
  say "Adding the Rust target wasm32-unknown-unknown (about 20 seconds)"
  quietly rustup target add wasm32-unknown-unknown || fail "rustup could not add the target wasm32-unknown-unknown"
}

need_node() {
  if has node && has npm && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; then
    return
  fi
  say "Installing Node.js and npm (about a minute)"
  apt_install nodejs npm
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || fail "Node.js 18 or newer is needed; this is $(node --version)"
}

# cargo_tool NAME VERSION CRATE MINUTES: NAME at exactly VERSION, from PATH or our cache.
cargo_tool() {
  local name="$1" version="$2" crate="$3" minutes="$4" home
  home="$CACHE/$crate-$version"
  if has "$name" && "$name" --version 2>/dev/null | grep -qF " $version"; then
    return
  fi
  if ! [ -x "$home/bin/$name" ]; then
    say "Installing $crate $version (about $minutes minutes, once)"
    need_cache
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      quietly cargo install --locked --root "$home" "$crate" --version "$version" ||
      fail "$crate $version could not be installed (see above): is the network there?"
  fi
  PATH="$home/bin:$PATH"
}

locked_version() {
  awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/[^0-9.]/, "", $3); print $3; exit }' "$ROOT/Cargo.lock"
}

# npm_tool NAME PACKAGE VERSION: NAME from our cache, put there by npm. It is a script of Node's, so Node is needed also where the cache holds it.
npm_tool() {
  local name="$1" package="$2" version="$3" home
  home="$CACHE/$package-$version"
  need_node
  if ! [ -x "$home/node_modules/.bin/$name" ]; then
    say "Installing $name $version (about half a minute, once)"
    need_cache
    quietly npm install --prefix "$home" --no-fund --no-audit "$package@$version" ||
      fail "npm could not install $package $version, which holds $name"
  fi
  PATH="$home/node_modules/.bin:$PATH"
}

need_wasm_opt() {
  if has wasm-opt && [ "$(wasm-opt --version | grep -oE '[0-9]+' | head -n 1)" -ge 120 ]; then
    return
  fi
  npm_tool wasm-opt binaryen "$BINARYEN_VERSION"
}

need_build_tools() {
  need_rust
  need_wasm_target
  cargo_tool trunk "$TRUNK_VERSION" trunk 6
  cargo_tool wasm-bindgen "$(locked_version wasm-bindgen)" wasm-bindgen-cli 3
  need_wasm_opt
  has esbuild || npm_tool esbuild esbuild "$ESBUILD_VERSION"
  export PATH
  export TRUNK_SKIP_VERSION_CHECK=true
}

# Writes target/bench-stateright/: the binary that measures, and the Wasm of its model. A package of its own, since nothing else needs Stateright.
build_search_bench() (
  export CARGO_TARGET_DIR="$ROOT/target/bench-stateright"
  cd "$ROOT/tools/bench-stateright"
  cargo build --locked --release --bin bench-stateright
  cargo build --locked --release --lib --target wasm32-unknown-unknown
  wasm-bindgen --target web --out-dir "$CARGO_TARGET_DIR/wasm" \
    "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/two_phase_wasm.wasm"
  wasm-opt -O3 -o "$CARGO_TARGET_DIR/wasm/two_phase_wasm_bg.wasm" "$CARGO_TARGET_DIR/wasm/two_phase_wasm_bg.wasm"
)

need_rust_component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  has rustup || fail "cargo $1 is missing and there is no rustup to add it"
  say "Adding the Rust component for cargo $1 (some seconds)"
  quietly rustup component add "$2" || fail "rustup could not add the component $2"
}

# Writes dist/, unless it is newer than everything it is made from.
build_site() {
  local sources=(.cargo Cargo.toml Cargo.lock Trunk.toml docs/explored.tsv index.html public src styles texts tools/bundle.sh tools/shrink.mjs tools/bare.mjs tools/common.sh) begun
  if [ -e dist/.built ] && [ -z "$(find "${sources[@]}" -newer dist/.built -print -quit)" ]; then
    say "dist/ is up to date"
    return
  fi
  say "Building dist/ (two to four minutes the first time)"
  begun="$(mktemp)"
  trunk build --release --offline --locked || fail "the site could not be built (see above)"
  # As old as the beginning, so that what was edited meanwhile is built next time.
  touch -r "$begun" dist/.built
  rm -f "$begun"
}

need_test_tools() {
  need_rust
  need_rust_component fmt rustfmt
  need_rust_component clippy clippy
  need_node
  local missing=""
  { [ -n "${CHROMIUM:-}" ] || has chromium; } || missing="$missing chromium"
  has plantuml || missing="$missing plantuml"
  if [ -n "$missing" ]; then
    say "Installing$missing for the browser tests (about two minutes, once)"
    # shellcheck disable=SC2086
    apt_install $missing
  fi
  CHROMIUM="${CHROMIUM:-$(command -v chromium)}"
  export CHROMIUM
  local modules="$ROOT/tests/browser"
  if ! [ -f "$modules/node_modules/.package-lock.json" ] ||
    [ "$modules/package-lock.json" -nt "$modules/node_modules/.package-lock.json" ]; then
    say "Installing Playwright's driver, axe, Mermaid and Lighthouse (about a minute)"
    quietly npm --prefix "$modules" ci --no-fund --no-audit || fail "npm could not install what the browser tests need"
    touch "$modules/node_modules/.package-lock.json"
  fi
}
