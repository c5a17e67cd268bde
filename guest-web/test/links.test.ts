// What becomes a link, and that the text itself is never changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieces } from '../src/links';

const linksIn = (text: string) => pieces(text).filter((p) => p.href !== null).map((p) => p.text);

test('http and https become links, nothing else does', () => {
  assert.deepEqual(linksIn('see https://a.example/x?y=1#z and http://b.example'), ['https://a.example/x?y=1#z', 'http://b.example']);
  assert.deepEqual(linksIn('javascript:alert(1) data:text/html,x ftp://a.example //a.example www.a.example'), []);
  assert.deepEqual(linksIn('https://'), []);
});

test('punctuation around a link is not part of it', () => {
  assert.deepEqual(linksIn('(see https://a.example/b).'), ['https://a.example/b']);
  assert.deepEqual(linksIn('https://a.example/b_(c), “https://a.example/d”!'), ['https://a.example/b_(c)', 'https://a.example/d']);
});

test('the pieces together are the text', () => {
  const texts = ['', 'plain', 'https://a.example', 'a https://b.example. c\nhttp://d.example/))) <https://e.example>'];
  for (const text of texts) assert.equal(pieces(text).map((p) => p.text).join(''), text);
});
