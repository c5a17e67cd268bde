// A desk of its own, an agent, and a Chromium, for the scripts beside this file. It must not be used
// by tests: they have theirs.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createSite } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const SERVER = process.env['DESK_SERVER_BINARY'] ?? join(import.meta.dirname, '../../target/release/support-server');

async function line(stream, pattern) {
  for await (const text of createInterface({ input: stream })) {
    const found = pattern.exec(text);
    if (found) return found[1];
  }
  throw new Error(`nothing like ${pattern}`);
}

/** Where it listens, on a port of its own. */
async function listening(server) {
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${server.address().port}`;
}

/** The way to the desk, which can be cut: nothing comes through until it is mended. */
async function openWay(to) {
  const open = new Set();
  let isCut = false;
  const way = createServer((near) => {
    const far = connect(Number(new URL(to).port), '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    if (isCut) near.destroy();
  });
  // Another host, or the browser would send the desk's cookies there.
  const url = (await listening(way)).replace('127.0.0.1', 'localhost');
  const cut = (yes) => {
    isCut = yes;
    if (yes) for (const one of open) one.destroy();
  };
  return { url, cut, close: () => way.close() };
}

/** Runs `work` with a desk, Alice and a browser, and leaves nothing behind. */
export async function withDesk(work) {
  const data = mkdtempSync(join(tmpdir(), 'desk-'));
  const children = [];
  const start = (program, args, env = {}) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } });
    children.push(child);
    return child;
  };
  try {
    const add = ['--data', data, 'agent', 'add', 'alice', '--display-name', 'Alice', '--password-stdin'];
    const added = spawnSync(SERVER, add, { input: 'a long password of hers\n' });
    if (added.status !== 0) throw new Error(String(added.error ?? added.stderr));
    const limits = { SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND: '0', SUPPORT_LIMITS_GUEST_READS_PER_SECOND: '0' };
    // Another site, which has the launcher in its page.
    let launcher = '';
    const shop = createSite((_, answer) => {
      const style = 'body { margin: 0; padding: 2rem; font: 1.125rem/1.6 Georgia, serif; color: #333; background: #fdf6ec }';
      answer.writeHead(200, { 'content-type': 'text/html' });
      answer.end(`<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>Tea</title><style>${style}</style>
        <h1>The tea shop</h1><p>Loose leaf, sent the same day.</p><script src="${launcher}"></script>`);
    });
    const site = await listening(shop);
    const args = ['--data', data, '--listen', '127.0.0.1:0', '--embed-origins', site];
    const server = start(SERVER, args, limits);
    const url = await line(server.stdout, /listening on (\S+)/);
    launcher = `${url}/embed.js`;
    const way = await openWay(url);
    const port = await line(start('chromedriver', ['--port=0']).stdout, /successfully on port (\d+)/);
    const browser = await openBrowser(`http://127.0.0.1:${port}`, join(data, 'profile'));
    const alice = await signIn(url);
    try {
      await work({ url, browser, alice, site, way });
    } finally {
      way.close();
      shop.close();
      shop.closeAllConnections();
      alice.close();
      await browser.quit();
    }
  } finally {
    for (const child of children) child.kill();
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function signIn(url) {
  const body = JSON.stringify({ username: 'alice', password: 'a long password of hers' });
  const answer = await fetch(`${url}/agent/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { token } = await answer.json();
  const socket = io(`${url}/agent`, { auth: { token }, transports: ['websocket'] });
  let made = 0;
  const ask = async (event, payload) => {
    const { ok, data, error } = await socket.timeout(10_000).emitWithAck(event, payload);
    if (!ok) throw new Error(`${event}: ${error.message}`);
    return data;
  };
  return {
    ask,
    type: (ticketId) => socket.emit('ticket:typing', { ticketId, typing: true }),
    say: (ticketId, content) => ask('message:send', { ticketId, content, clientMessageId: `k${(made += 1)}` }),
    close: () => socket.close(),
  };
}

async function openBrowser(driver, profile) {
  const call = async (method, path, body) => {
    const answer = await fetch(driver + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${path}: ${value.message}`);
    return value;
  };
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage', `--user-data-dir=${profile}`];
  const wanted = { capabilities: { alwaysMatch: { 'goog:chromeOptions': { args } } } };
  const { sessionId } = await call('POST', '/session', wanted);
  const at = `/session/${sessionId}`;
  const run = (script, ...values) => call('POST', `${at}/execute/sync`, { script, args: values });
  return {
    run,
    /** A script that answers by calling its last argument. */
    runLater: (script) => call('POST', `${at}/execute/async`, { script, args: [] }),
    open: (url) => call('POST', `${at}/url`, { url }),
    devtools: (cmd, params) => call('POST', `${at}/goog/cdp/execute`, { cmd, params }),
    screenshot: async () => Buffer.from(await call('GET', `${at}/screenshot`), 'base64'),
    patience: (ms) => call('POST', `${at}/timeouts`, { script: ms }),
    /** What is inside a frame of the page, until `leave`. */
    enter: (script) => run(`return ${script}`).then((id) => call('POST', `${at}/frame`, { id })),
    leave: () => call('POST', `${at}/frame`, { id: null }),
    async until(script) {
      for (const end = Date.now() + 20_000; Date.now() < end; ) if (await run(`return ${script}`)) return;
      throw new Error(`never true: ${script}`);
    },
    async send(text) {
      await run(`const box = document.querySelector('#composer'); box.value = arguments[0];
        box.dispatchEvent(new Event('input')); document.querySelector('#send').click();`, text);
    },
    quit: () => call('DELETE', at),
  };
}
