// The stand-ins for the Socket.IO client's packages speak its protocol.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, encode } from '../slim/parser.js';

describe('packets of Socket.IO 5', () => {
  test('are written as the protocol says', () => {
    assert.equal(encode({ type: 0, nsp: '/guest' }), '0/guest,');
    assert.equal(encode({ type: 2, nsp: '/guest', id: 7, data: ['ticket:list', {}] }), '2/guest,7["ticket:list",{}]');
    assert.equal(encode({ type: 1, nsp: '/' }), '1');
  });

  test('are read as the protocol says', () => {
    assert.deepEqual(decode('0/guest,{"sid":"x"}'), { type: 0, nsp: '/guest', data: { sid: 'x' } });
    assert.deepEqual(decode('3/guest,12[{"ok":true}]'), { type: 3, nsp: '/guest', id: 12, data: [{ ok: true }] });
    assert.deepEqual(decode('2["a",1]'), { type: 2, nsp: '/', data: ['a', 1] });
    assert.deepEqual(decode('1/guest'), { type: 1, nsp: '/guest', data: undefined });
    assert.deepEqual(decode('4/guest,{"message":"unauthenticated"}')?.data, { message: 'unauthenticated' });
    assert.deepEqual(decode('2/guest,["a","line\\nbreak\u2028, 1[2"]')?.data, ['a', 'line\nbreak\u2028, 1[2']);
  });

  test('that are none are refused', () => {
    for (const text of ['', '9', '5-["a",{"_placeholder":true,"num":0}]', '2', '2{}', '2[1]', '2["a"', '0', '3{}', '1["a"]', '4']) {
      assert.equal(decode(text), null, text);
    }
  });
});
