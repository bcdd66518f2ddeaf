#!/usr/bin/env bash
# Builds the site into dist/, ready for any sub-path of any static host.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
need_build_tools
say "Building dist/ (two to four minutes the first time)"
trunk build --release --offline --locked
say "dist/ is ready"
