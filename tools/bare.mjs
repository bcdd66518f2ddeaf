// Takes out of a picture what its page says in `alt`, and the rules of its style sheet that nothing in it follows.

import { readFileSync, writeFileSync } from 'node:fs';

for (const path of process.argv.slice(2)) {
  const [, head, style, body] = /^([^]*?<style>)([^]*?)(<\/style>[^]*)$/.exec(readFileSync(path, 'utf8'));
  const there = new Set([...`${head}${body}`.matchAll(/ class="([^"]*)"/g)].flatMap(([, names]) => names.split(' ')));
  const follows = (selector) => [...selector.matchAll(/\.([\w-]+)/g)].every(([, name]) => there.has(name));
  const rules = style.replace(/^([^{}\n]+?) (\{.*\})\n+/gm, (_, selectors, rule) => {
    const kept = selectors.split(', ').filter(follows);
    return kept.length > 0 ? `${kept.join(',')}${rule}\n` : '';
  });
  writeFileSync(path, `${head}${rules}${body}`
    .replace(/<desc[^]*?<\/desc>\n?/g, '').replace(/<title[^>]*>[^<]*<\/title>\n?/g, '').replace(/ aria-labelledby="[^"]*"/, ''));
}
