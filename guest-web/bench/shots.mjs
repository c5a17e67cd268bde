// Takes pictures of every state of the page. Each file shows one state four times: narrow and wide, in
// daylight and in the dark.
//   DESK_SERVER_BINARY=… node bench/shots.mjs [DIRECTORY]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDesk } from './driver.mjs';

const into = process.argv[2] ?? join(import.meta.dirname, '../docs');
mkdirSync(into, { recursive: true });
const NARROW = [320, 568];
const WIDE = [960, 568];

await withDesk(async ({ url, browser, alice, site, way }) => {
  const sheets = [];
  const look = async (scheme, [width, height]) => {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await browser.devtools('Emulation.setDeviceMetricsOverride', metrics);
    await browser.devtools('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }],
    });
    // A change of size is a frame late to what keeps the newest message in view.
    await browser.runLater('const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))');
  };
  const shoot = async (state, before = async () => {}) => {
    const pictures = [];
    for (const size of [NARROW, WIDE]) {
      for (const scheme of ['light', 'dark']) {
        await look(scheme, size);
        await before();
        pictures.push((await browser.screenshot()).toString('base64'));
      }
    }
    sheets.push([state, pictures]);
  };
  const visible = (id) => `!document.querySelector('#${id}').hidden`;
  const state = (is) => `document.querySelector('#status').dataset.state === '${is}'`;
  const entries = (count) => `document.querySelectorAll('#log .entry').length === ${count}`;

  await browser.open(`${url}/`);
  await browser.until(visible('greeting'));
  await shoot('start');
  await browser.send('My card was declined twice today, but the money is gone.');
  await browser.until("document.querySelector('#agents').textContent");
  const ticketId = await browser.run("return document.querySelector('main').dataset.ticket");
  await shoot('alone');
  await alice.ask('ticket:join', { ticketId });
  await alice.say(ticketId, 'I am looking at it, one moment.');
  await browser.until(entries(3));
  await browser.send('Thank you!');
  await browser.until("document.querySelector('[data-seq=\"4\"]')");
  await alice.ask('ticket:read', { ticketId, seq: 4 });
  await browser.until("document.querySelector('.own:last-child').dataset.state === 'seen'");
  await shoot('writing', async () => {
    alice.type(ticketId);
    await browser.until("document.querySelector('#agents').textContent");
  });
  await alice.say(ticketId, 'The bank holds it for two days: https://example.com/holds');
  await browser.until(entries(5));
  await shoot('conversation');
  await browser.open(`${url}/?lang=ar`);
  await browser.until(entries(5));
  await shoot('arabic');
  await browser.open(`${url}/plain?lang=ar`);
  await shoot('plain-arabic');
  await browser.open(`${url}/plain`);
  await shoot('plain');

  await browser.open(`${url}/`);
  await browser.until(entries(5));
  await browser.run("document.querySelector('#done').click()");
  await browser.until(visible('over'));
  await shoot('done');
  await alice.ask('ticket:close', { ticketId, reason: 'paid back' });
  await browser.until("document.querySelector('#form').hidden");
  await shoot('closed');
  await browser.run("document.querySelector('#new-conversation').click()");
  await browser.send('Another question');
  await browser.until("document.querySelector('main').dataset.ticket");
  const another = await browser.run("return document.querySelector('main').dataset.ticket");
  await browser.until("document.querySelectorAll('#earlier li').length === 1");
  await browser.run("document.querySelector('#earlier').open = true");
  await shoot('earlier');
  await browser.run("document.querySelector('#earlier').open = false");
  for (let i = 0; i < 20; i += 1) await alice.say(another, `Step ${i + 1}: look at the next line of your statement.`);
  await browser.until(entries(21));
  await shoot('new', async () => {
    await browser.run("document.querySelector('#log').scrollTop = 40");
    await browser.until(visible('newer'));
    await alice.say(another, 'That was all.');
    await browser.until("/[1-9]/.test(document.querySelector('#newer').textContent)");
  });
  // Closed by Alice while the guest has no network: what it wrote meanwhile cannot be sent.
  await browser.open(`${way.url}/`);
  await browser.send('Is anybody there?');
  await browser.until("document.querySelector('.own')?.dataset.state === 'sent'");
  const third = await browser.run("return document.querySelector('main').dataset.ticket");
  await alice.ask('ticket:join', { ticketId: third });
  await alice.say(third, 'Yes. What can I do for you?');
  await browser.until(entries(3));
  await browser.run("document.querySelector('#details').open = true");
  await shoot('name');
  await browser.run("document.querySelector('#details').open = false");
  way.cut(true);
  await browser.until(state('offline'));
  await browser.send('Where is the money now?');
  await shoot('offline');
  await alice.ask('ticket:close', { ticketId: third });
  way.cut(false);
  await browser.until("document.querySelector('.reason')");
  await browser.until(state('online'));
  await shoot('failed');

  await browser.open(site);
  await browser.run("document.querySelector('support-desk').shadowRoot.querySelector('button').click()");
  await browser.enter("document.querySelector('support-desk').shadowRoot.querySelector('iframe')");
  await browser.until("document.querySelector('.entry')");
  await browser.leave();
  await shoot('embedded');

  const size = { width: 1202, height: 616, deviceScaleFactor: 1, mobile: false };
  await browser.devtools('Emulation.setDeviceMetricsOverride', size);
  for (const [state, [light, dark, wideLight, wideDark]] of sheets) {
    const image = (data, width) => `<img width="${width}" src="data:image/png;base64,${data}">`;
    const page = `<body style="margin:24px;background:#8b9591;display:flex;gap:24px;align-items:start">
      ${image(light, 320)}${image(dark, 320)}
      <div style="display:grid;gap:16px">${image(wideLight, 466)}${image(wideDark, 466)}</div></body>`;
    await browser.open('about:blank');
    await browser.run('document.write(arguments[0]); document.close();', page);
    await browser.until("[...document.images].every((it) => it.complete && it.naturalWidth)");
    writeFileSync(join(into, `${state}.png`), await browser.screenshot());
  }
});
