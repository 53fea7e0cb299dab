// The package ws as a client that compresses: node deflate-client.mjs; connects as its input says, and prints one line of JSON for each connection.
import { on, once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { echo } from './echo.mjs';

const { WebSocket } = createRequire(import.meta.url)('ws'); // NODE_PATH says where it is
const { messages, table } = JSON.parse(await text(process.stdin));

for (const { url, offer } of table) {
  const report = {};
  const socket = new WebSocket(url, { maxPayload: 0, perMessageDeflate: offer });
  let wire;
  socket.on('upgrade', response => {
    report.extensions = response.headers['sec-websocket-extensions'];
    wire = response.socket;
  });
  const closed = once(socket, 'close');
  const received = on(socket, 'message', { close: ['close'] });
  await once(socket, 'open');
  report.echoed = await echo(socket, received, messages);
  report.received = wire.bytesRead;
  report.sent = wire.bytesWritten;
  socket.close(1000);
  await closed;
  console.log(JSON.stringify(report));
}
