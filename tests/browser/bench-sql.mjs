// What `make bench` measures of scripts: every order of three sessions with two steps each, played in the page.

import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';

const ORDERS = 90;
const ORDERS_MS_MAX = 200;
const TIMES = 7;
/** Three who each read the stock and write back one less. */
const SCRIPT = `setup { CREATE TABLE items (id int PRIMARY KEY, stock int); INSERT INTO items VALUES (1, 5); }
${[1, 2, 3]
  .map((number) => `session s${number} step read${number} { BEGIN; SELECT stock FROM items WHERE id = 1; } step take${number} { UPDATE items SET stock = stock - 1 WHERE id = 1; COMMIT; }`)
  .join('\n')}`;

/** From the press until the last order is in the table, in ms. */
function press(page) {
  return page.evaluate(
    (orders) =>
      new Promise((resolve) => {
        const done = () => document.querySelector(`#orders table[data-done="${orders}"]`) !== null;
        const from = performance.now();
        let begun = false;
        const watch = new MutationObserver(() => {
          begun ||= !done();
          if (begun && done()) {
            watch.disconnect();
            resolve(performance.now() - from);
          }
        });
        watch.observe(document.querySelector('#orders'), { childList: true, subtree: true, attributes: true });
        document.querySelector('button[data-act="orders"]').click();
      }),
    ORDERS,
  );
}

export async function ordersInPage() {
  const site = await serveDist();
  const browser = await launch();
  const lines = [];
  try {
    for (const engine of ['postgres', 'innodb']) {
      const page = await ready(await open(browser, `${site.url}#/isolation/own?v=1&rev=1&engine=${engine}&script=${encodeURIComponent(SCRIPT)}&run=`));
      await page.locator('button[data-act="orders"]').waitFor();
      const times = [];
      for (let time = 0; time < TIMES; time += 1) times.push(await press(page));
      times.sort((a, b) => a - b);
      const median = times[Math.floor(TIMES / 2)];
      const note = `${times[0].toFixed(0)} to ${times[TIMES - 1].toFixed(0)} ms`;
      lines.push({ what: `all ${ORDERS} orders of three sessions, ${engine}`, value: `${median.toFixed(0)} ms`, bar: `at most ${ORDERS_MS_MAX} ms`, ok: median <= ORDERS_MS_MAX, note });
      await page.context().close();
    }
  } finally {
    await browser.close();
    await site.close();
  }
  return lines;
}
