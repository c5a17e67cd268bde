// In place of `socket.io-parser`: Socket.IO 5 as JSON, without attachments.
import { Emitter } from '@socket.io/component-emitter';

export const protocol = 5;
export const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4, BINARY_EVENT: 5, BINARY_ACK: 6 };

const PACKET = /^([0-4])(?:(\/[^,]*)(?:,|$))?(\d+)?(.*)$/s;
/** What each type carries: what is anything else did not come from a Socket.IO server. */
const IS_VALID = [
  (data) => isObject(data),
  (data) => data === undefined,
  (data) => Array.isArray(data) && typeof data[0] === 'string',
  (data) => Array.isArray(data),
  (data) => isObject(data) || typeof data === 'string',
];

function isObject(data) {
  return typeof data === 'object' && data !== null;
}

export class Encoder {
  encode({ type, nsp, id, data }) {
    const where = nsp && nsp !== '/' ? `${nsp},` : '';
    return [`${type}${where}${id ?? ''}${data == null ? '' : JSON.stringify(data)}`];
  }
}

export class Decoder extends Emitter {
  add(text) {
    this.emitReserved('decoded', decode(text));
  }

  destroy() {}
}

/** Throws where the text is no packet: the client then closes the connection. */
export function decode(text) {
  const parts = PACKET.exec(text);
  if (!parts) throw new Error('not a packet');
  const [, type, nsp = '/', id, json] = parts;
  const packet = { type: Number(type), nsp, data: json ? JSON.parse(json) : undefined };
  if (id) packet.id = Number(id);
  if (!IS_VALID[packet.type](packet.data)) throw new Error('not a valid packet');
  return packet;
}
