#!/bin/sh
# Trunk's hook behind a release build: one style sheet instead of many, and the glue of wasm-bindgen without comments and long names (Trunk's own
# minifier gives up on its exports) where esbuild is on PATH, and without what nobody calls where binaryen's tools are. Fewer bytes and fewer requests; the
# page is the same without.
set -eu
[ "${TRUNK_PROFILE:-}" = release ] || exit 0
cd "$TRUNK_STAGING_DIR"

sheets=$(grep -oE '<link [^>]*rel="?stylesheet"?[^>]*>' index.html | sed -E 's/.*href="?([^" >]+)"?.*/\1/')
# shellcheck disable=SC2086
cat $sheets >styles.css
bundle="styles-$(cksum styles.css | cut -d ' ' -f 1).css"
mv styles.css "$bundle"
# shellcheck disable=SC2086
rm $sheets
# The first sheet's place is taken by the bundle, the others leave.
sed -E -e "s|<link [^>]*rel=\"?stylesheet\"?[^>]*>|<link rel=stylesheet href=./$bundle>|" -e "s|<link [^>]*integrity=[^>]*rel=\"?stylesheet\"?[^>]*>||g" \
  index.html >index.bundled
mv index.bundled index.html

# The module keeps its functions' names until here, by which tools/shrink.mjs puts like beside like.
if command -v node >/dev/null 2>&1 && command -v wasm-metadce >/dev/null 2>&1; then
  for module in interleave-*_bg.wasm; do
    node "$TRUNK_SOURCE_DIR/tools/shrink.mjs" "${module%_bg.wasm}.js" "$module"
  done
fi
if command -v node >/dev/null 2>&1; then
  node "$TRUNK_SOURCE_DIR/tools/bare.mjs" split-*.svg
fi
if command -v esbuild >/dev/null 2>&1; then
  # What is rewritten is no longer what its digest was taken of; the icon needs none.
  sed -E 's| integrity="?[^" >]*"?( src="?[^" >]*boot-\| rel="?icon)|\1|g' index.html >index.bundled
  mv index.bundled index.html
  for glue in interleave-*.js boot-*.js trouble.js; do
    esbuild --minify --format=esm --target=es2022 --log-level=error "$glue" >"$glue.min"
    mv "$glue.min" "$glue"
  done
  for sheet in home exhibits search; do
    esbuild --minify --loader=css --log-level=error <"$sheet.css" >"$sheet.min"
    mv "$sheet.min" "$sheet.css"
  done
fi

for sheet in home exhibits search; do
  other="$sheet-$(cksum "$sheet.css" | cut -d ' ' -f 1).css"
  mv "$sheet.css" "$other"
  sed "s|$sheet\\.css|$other|g" index.html >index.bundled
  mv index.bundled index.html
done

# What Trunk takes for a worker it does not name by its content.
for glue in interleave-locks.js interleave-databases.js interleave-services.js; do
  name=${glue%.js}
  if [ -e "$glue" ]; then
    other="$name-$(cat "$glue" "${name}_bg.wasm" | cksum | cut -d ' ' -f 1)"
    mv "$glue" "$other.js"
    mv "${name}_bg.wasm" "${other}_bg.wasm"
    sed -E "s|$name(\.js \|_bg\.wasm)|$other\1|g" index.html >index.bundled
    mv index.bundled index.html
  fi
done
