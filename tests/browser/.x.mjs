import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';
const browser = await launch(); const site = await serveDist();
const shots = JSON.parse(process.argv[2]);
for (const [name, frag, opts] of shots) {
  const page = await ready(await open(browser, site.url + frag, opts));
  await page.waitForTimeout(900);
  await page.screenshot({ path: `/tmp/sz/shot-${name}.png`, fullPage: opts.full ?? false });
  try { page.check(); } catch (e) { console.log(name, e.message); }
  await page.context().close();
}
await browser.close(); await site.close();
