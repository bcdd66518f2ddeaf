#!/usr/bin/env bash
# Builds the site into dist/, ready for any sub-path of any static host.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
need_build_tools
build_site
say "dist/ is ready"
