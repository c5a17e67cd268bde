// Measures the page: what it weighs as it is sent, when it is first painted, how long a message takes
// from the click to "Sent", and how smoothly a conversation of 5,000 messages scrolls.
//   DESK_SERVER_BINARY=… node bench/bench.mjs
import { request } from 'node:http';
import { withDesk } from './driver.mjs';

const MESSAGES = 5_000;
const SENDS = 20;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (what, value) => console.log(`${what.padEnd(44)}${value}`);

/** Bytes of a file as the server sends it. */
function weigh(url) {
  return new Promise((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let size = 0;
      answer.on('data', (part) => (size += part.length)).on('end', () => resolve(size));
    })
      .on('error', reject)
      .end();
  });
}

await withDesk(async ({ url, browser, alice }) => {
  const paints = [];
  for (let i = 0; i < 5; i += 1) {
    await browser.open(`${url}/`);
    await browser.until("performance.getEntriesByName('first-contentful-paint').length > 0");
    paints.push(await browser.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime"));
  }
  const loaded = await browser.run("return [location.href, ...performance.getEntriesByType('resource').map((it) => it.name)]");
  let page = 0;
  for (const file of new Set(loaded)) page += await weigh(file);
  say('page, as sent to an English reader', `${page} bytes`);
  say('launcher, as sent', `${await weigh(`${url}/embed.js`)} bytes`);
  say('first contentful paint, median of 5', `${median(paints).toFixed(0)} ms`);

  const sent = [];
  for (let i = 0; i < SENDS; i += 1) {
    const began = `const done = arguments[0]; const own = () => [...document.querySelectorAll('.own')];
      const before = own().length; const began = performance.now();
      const look = () => own().length > before && own().at(-1).dataset.state === 'sent'
        ? done(performance.now() - began) : setTimeout(look);
      const box = document.querySelector('#composer'); box.value = 'message ${i}';
      box.dispatchEvent(new Event('input')); document.querySelector('#send').click(); look();`;
    sent.push(await browser.runLater(began));
  }
  say('click to "Sent", the first (session, ticket)', `${sent[0].toFixed(0)} ms`);
  say(`click to "Sent", median of the other ${SENDS - 1}`, `${median(sent.slice(1)).toFixed(0)} ms`);

  const ticketId = await browser.run("return document.querySelector('main').dataset.ticket");
  for (let i = SENDS; i < MESSAGES; i += 1) await alice.say(ticketId, `message ${i} `.repeat(1 + (i % 12)));
  await browser.open(`${url}/`);
  await browser.until(`document.querySelector('[data-seq="${MESSAGES}"]')`);
  await browser.patience(240_000);
  await browser.runLater(`const done = arguments[0]; const log = document.querySelector('#log');
    const up = () => { if (document.querySelector('[data-seq="1"]')) return done(); log.scrollTop = 0; setTimeout(up, 30); }; up();`);
  const frames = await browser.runLater(`const done = arguments[0]; const log = document.querySelector('#log');
    const gaps = []; log.scrollTop = 0; let before = performance.now();
    const step = (now) => { gaps.push(now - before); before = now; log.scrollTop += 400;
      if (gaps.length < 300) requestAnimationFrame(step); else done(gaps.slice(1)); };
    requestAnimationFrame(step);`);
  const sorted = frames.toSorted((a, b) => a - b);
  const entries = await browser.run("return document.querySelectorAll('.entry').length");
  say(`frames while scrolling ${entries} messages`, `median ${median(frames).toFixed(1)} ms, 99 % ${sorted[Math.floor(sorted.length * 0.99)].toFixed(1)} ms, worst ${sorted.at(-1).toFixed(1)} ms`);
});
