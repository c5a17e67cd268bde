// In place of the front door of `socket.io-client`, which brings every transport with it.
export { Manager } from 'socket.io-client/build/esm/manager.js';
