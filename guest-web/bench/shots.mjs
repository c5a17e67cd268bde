// Takes pictures of every state of the page, narrow and wide, in daylight and in the dark:
//   SUPPORT_SERVER_BINARY=… node bench/shots.mjs [DIRECTORY]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDesk } from './driver.mjs';

const into = process.argv[2] ?? join(import.meta.dirname, '../docs');
mkdirSync(into, { recursive: true });

await withDesk(async ({ url, browser, alice }) => {
  const shoot = async (state) => {
    for (const width of [320, 390, 1200]) {
      for (const scheme of ['light', 'dark']) {
        const metrics = { width, height: width < 500 ? 640 : 720, deviceScaleFactor: 1, mobile: false };
        await browser.devtools('Emulation.setDeviceMetricsOverride', metrics);
        const features = [{ name: 'prefers-color-scheme', value: scheme }];
        await browser.devtools('Emulation.setEmulatedMedia', { features });
        writeFileSync(join(into, `${state}-${width}-${scheme}.png`), await browser.screenshot());
      }
    }
  };
  const visible = (id) => `!document.querySelector('#${id}').hidden`;
  const entries = (count) => `document.querySelectorAll('#log .entry').length === ${count}`;

  await browser.open(`${url}/`);
  await browser.until(visible('greeting'));
  await shoot('start');
  await browser.send('My card was declined twice today, but the money is gone.');
  await browser.until("document.querySelector('main').dataset.ticket");
  const ticketId = await browser.run("return document.querySelector('main').dataset.ticket");
  await alice.ask('ticket:join', { ticketId });
  await alice.say(ticketId, 'I am looking at it, one moment.');
  await alice.say(ticketId, 'The bank holds it for two days: https://example.com/holds');
  await browser.until(entries(4));
  await shoot('conversation');
  await browser.open(`${url}/?lang=ar`);
  await browser.until(entries(4));
  await shoot('arabic');
  await browser.open(`${url}/`);
  await browser.until(entries(4));
  await browser.run("document.querySelector('#done').click()");
  await browser.until(visible('over'));
  await shoot('done');
  await alice.ask('ticket:close', { ticketId, reason: 'paid back' });
  await browser.until("document.querySelector('#form').hidden");
  await shoot('closed');
  await browser.run("document.querySelector('#new-conversation').click()");
  await browser.send('Another question');
  await browser.until("document.querySelector('#earlier li:nth-child(1)') || document.querySelector('[data-state=sent]')");
  await browser.run("document.querySelector('#earlier').open = true");
  await browser.until("document.querySelectorAll('#earlier li').length === 2");
  await shoot('earlier');
  await browser.open(`${url}/plain`);
  await shoot('plain');
  await browser.open(`${url}/plain?ticket=${ticketId}`);
  await shoot('plain-closed');
});
