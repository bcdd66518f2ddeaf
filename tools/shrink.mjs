// Shrinks what wasm-bindgen wrote: exports that the glue never calls and all that only they need (server_fn brings streams that nobody opens), and the
// long names of imports and exports. usage: node tools/shrink.mjs GLUE.js MODULE.wasm (both are rewritten; wasm-metadce and wasm-opt are on PATH)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [gluePath, modulePath] = process.argv.slice(2);
const room = mkdtempSync(join(tmpdir(), 'shrink-'));
const binaryen = (tool, ...args) => execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const word = (name) => new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g');

try {
  // Classes that Rust exports but neither the glue's own functions nor the page ever make.
  let glue = readFileSync(gluePath, 'utf8')
    .replace(/^export class IntoUnderlying[^]*?\n}\n(?:if \(Symbol\.dispose\)[^\n]*\n)?/gm, '')
    .replace(/^const IntoUnderlying\w+Finalization[^;]*;\n/gm, '');
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(modulePath))).map(({ name }) => name);
  const called = exported.filter((name) => word(name).test(glue));
  const graph = [
    { name: 'glue', root: true, reaches: called.map((name) => `export ${name}`) },
    ...exported.map((name) => ({ name: `export ${name}`, export: name })),
  ];
  const path = (name) => join(room, name);
  writeFileSync(path('graph.json'), JSON.stringify(graph));
  binaryen('wasm-metadce', '-g', '--graph-file', path('graph.json'), modulePath, '-o', path('lean.wasm'));
  binaryen('wasm-opt', '-g', '-Os', '--reorder-functions-by-name', path('lean.wasm'), '-o', path('sorted.wasm'));
  const names = JSON.parse(binaryen('wasm-opt', '--minify-imports-and-exports-and-modules', path('sorted.wasm'), '-o', path('done.wasm')));

  const needed = new Map(names.imports.map(([, name, short]) => [name, short]));
  glue = glue.replace(/^ {8}(\w+): function\([^]*?\n(?= {8}\w+: function\(| {4}\};)/gm, (text, name) => (needed.has(name) ? text.replace(name, needed.get(name)) : ''));
  const [from] = new Set(names.imports.map(([module]) => module));
  glue = glue.replace(`"${from}": import0`, 'a: import0');
  for (const [name, short] of names.exports) {
    glue = glue.replaceAll(word(`wasm.${name}`), () => `wasm.${short}`).replaceAll(word(`wasmInstance.exports.${name}`), () => `wasmInstance.exports.${short}`);
  }
  // Rather a build that fails than a page that does.
  const made = new Set([...glue.matchAll(/^ {8}([\w$]+): function\(/gm)].map(([, name]) => name));
  const lost = [...needed].filter(([, short]) => !made.has(short)).map(([name]) => name);
  if (lost.length > 0) {
    throw new Error(`the glue has no function for ${lost.join(', ')}: wasm-bindgen writes it otherwise than tools/shrink.mjs reads it`);
  }
  writeFileSync(gluePath, glue);
  writeFileSync(modulePath, readFileSync(path('done.wasm')));
} finally {
  rmSync(room, { recursive: true });
}
