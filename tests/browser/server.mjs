// Serves dist/ as a static host would: compressed, under a sub-path, with a strict Content-Security-Policy. Nothing is rewritten: what is not a
// file is a 404.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
export const SUB_PATH = '/docs/interleave/';
export const CSP = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'self'",
].join('; ');
export const CSP_WITHOUT_WASM = CSP.replace(" 'wasm-unsafe-eval'", '');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.tsv': 'text/tab-separated-values; charset=utf-8',
  '.png': 'image/png',
};
const COMPRESSED = new Set(['.html', '.js', '.css', '.wasm', '.svg', '.json', '.txt', '.md', '.tsv']);

/** Compresses once per file. */
const compressed = new Map();
async function body(path, encoding) {
  const key = `${path} ${encoding}`;
  if (!compressed.has(key)) {
    const raw = await readFile(path);
    const packed =
      encoding === 'br' ? brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
      : encoding === 'gzip' ? gzipSync(raw)
      : raw;
    compressed.set(key, packed);
  }
  return compressed.get(key);
}

/** Everything in dist/, by its path there, with its size as brotli at its best sends it. */
export function sizes() {
  return readdirSync(DIST, { recursive: true })
    .filter((name) => statSync(join(DIST, name)).isFile())
    .map((name) => ({ name, bytes: brotliCompressSync(readFileSync(join(DIST, name))).length }));
}
function listen(server) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

/** Serves dist/ under SUB_PATH on a free port. */
export async function serveDist({ csp = CSP } = {}) {
  if (!existsSync(join(DIST, 'index.html'))) {
    throw new Error('dist/ is not there: run `make build` first');
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const headers = { 'Content-Security-Policy': csp, 'X-Content-Type-Options': 'nosniff' };
    if (!url.pathname.startsWith(SUB_PATH)) {
      response.writeHead(404, headers).end('not found');
      return;
    }
    const name = normalize(decodeURIComponent(url.pathname.slice(SUB_PATH.length))) || 'index.html';
    const path = join(DIST, name === '.' ? 'index.html' : name);
    if (!path.startsWith(DIST) || !existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404, headers).end('not found');
      return;
    }
    const type = extname(path);
    const accepts = request.headers['accept-encoding'] ?? '';
    const encoding = !COMPRESSED.has(type) ? '' : /\bbr\b/.test(accepts) ? 'br' : /\bgzip\b/.test(accepts) ? 'gzip' : '';
    const bytes = await body(path, encoding);
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[type] ?? 'application/octet-stream',
      'Cache-Control': /-[0-9a-f]{16}/.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(encoding ? { 'Content-Encoding': encoding } : {}),
      Vary: 'Accept-Encoding',
    });
    response.end(bytes);
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}${SUB_PATH}`, close: () => new Promise((done) => server.close(done)) };
}

/** A page on another origin, as written. */
export async function servePage(html) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(html);
  });
  const port = await listen(server);
  return { url: `http://localhost:${port}/`, close: () => new Promise((done) => server.close(done)) };
}
