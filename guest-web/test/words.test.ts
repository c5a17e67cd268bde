// That everything which can be refused is said in the guest's language, and what the guest did as its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../src/state';

const CODES: Readonly<Record<Failure['code'], true>> = {
  conflict: true,
  forbidden: true,
  forbidden_origin: true,
  internal: true,
  invalid: true,
  invalid_credentials: true,
  not_found: true,
  password_change_required: true,
  rate_limited: true,
  session_ended: true,
  ticket_closed: true,
  too_large: true,
  unauthenticated: true,
  unavailable: true,
};

async function tables() {
  // The tables ask the browser for its dialect.
  Object.defineProperty(globalThis, 'navigator', { value: { languages: [] }, configurable: true });
  return { en: (await import('../src/en')).en, ar: (await import('../src/ar')).ar };
}

test('whatever is refused is said from the tables, by its code', async () => {
  const { en, ar } = await tables();
  for (const code of Object.keys(CODES) as Failure['code'][]) {
    assert.match(en.failed({ code }), /^Not sent: [a-z][^_]+$/);
    assert.match(ar.failed({ code }), /^لم تُرسل: [^a-z]+$/i);
  }
  for (const as of ['unanswered', 'invalid'] as const) {
    assert.match(en.named(as), /^Not saved: /);
    assert.doesNotMatch(ar.named(as), /[a-z]/i);
  }
});

test('what the guest did is said to it as its own doing; the rest as the desk has written it', async () => {
  const { en, ar } = await tables();
  const agent = { id: 'a', name: 'Alice' };
  assert.equal(en.event({ type: 'guestEnded' }), 'You ended the conversation');
  assert.equal(ar.event({ type: 'guestEnded' }), 'أنهيت المحادثة');
  assert.equal(en.event({ type: 'agentJoined', agent }), null);
  assert.match(ar.event({ type: 'agentJoined', agent }) ?? '', /Alice/);
});

test('the tables have the same words', async () => {
  const { en, ar } = await tables();
  assert.deepEqual(Object.keys(ar).sort(), Object.keys(en).sort());
  assert.deepEqual(Object.keys(ar.frame).sort(), Object.keys(en.frame).sort());
});
