// In place of `socket.io-parser`: Socket.IO 5 as JSON, without attachments.

/** What the build writes into the library in place of their names. */
export const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4 };

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

export function encode({ type, nsp, id, data }) {
  const where = nsp && nsp !== '/' ? `${nsp},` : '';
  return `${type}${where}${id ?? ''}${data == null ? '' : JSON.stringify(data)}`;
}

/** Null where the text is no packet. */
export function decode(text) {
  const [, type, nsp = '/', id, json] = PACKET.exec(text) ?? [];
  try {
    const packet = { type: Number(type), nsp, data: json ? JSON.parse(json) : undefined };
    if (id) packet.id = Number(id);
    return IS_VALID[packet.type]?.(packet.data) ? packet : null;
  } catch {
    return null;
  }
}
