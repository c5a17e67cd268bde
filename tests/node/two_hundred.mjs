// Sends 200 messages with the official client without waiting for an answer, and prints what was
// acked and what was heard. Arguments: the server's address, an agent's token, a ticket's id.
import { createRequire } from 'node:module';

// The guest page's own copy of the client: there is no second one to keep up to date.
const { io } = createRequire(new URL('../../guest-web/package.json', import.meta.url))('socket.io-client');

const [address, token, ticketId] = process.argv.slice(2);
const socket = io(`${address}/agent`, { auth: { token }, transports: ['websocket'] });
const heard = [];

socket.on('message:new', ({ message }) => heard.push(message));
socket.on('connect_error', (error) => {
  console.error(error.message);
  process.exit(1);
});
socket.on('connect', async () => {
  await socket.emitWithAck('ticket:join', { ticketId, silent: true });
  const sends = Array.from({ length: 200 }, (_, number) =>
    socket.timeout(20_000).emitWithAck('message:send', {
      ticketId,
      content: `m${number}`,
      clientMessageId: `node-${number}`,
    }),
  );
  const acked = (await Promise.all(sends)).map((ack) => ack.data.message);
  // A notice may come after its ack: whatever was sent before this answer has been heard by then.
  await socket.emitWithAck('ticket:list', {});
  console.log(JSON.stringify({ acked, heard }));
  socket.close();
});
