// The package ws as a client: node client.mjs SCENARIO URL [SUBPROTOCOL...]; prints one line of JSON about what it saw.
import { on, once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { echo } from './echo.mjs';

const { WebSocket } = createRequire(import.meta.url)('ws'); // NODE_PATH says where it is
const [scenario, url, ...subprotocols] = process.argv.slice(2);
const report = { echoed: [] };

const socket = new WebSocket(url, subprotocols, { maxPayload: 0 });
const closed = once(socket, 'close');
const messages = on(socket, 'message');
await once(socket, 'open');
report.subprotocol = socket.protocol;

switch (scenario) {
  case 'echo':
    report.echoed = await echo(socket, messages, JSON.parse(await text(process.stdin)));
    socket.close(1000);
    break;
  case 'ping':
    socket.ping('are you there?');
    report.pong = String((await once(socket, 'pong'))[0]);
    socket.close(1000);
    break;
  case 'pinged':
    await messages.next(); // The server says when its ping was answered.
    socket.close(1000);
    break;
  case 'close':
    socket.close(4002, 'enough, ünïcode');
    break;
  case 'closed':
    break;
}

const [code, reason] = await closed;
console.log(JSON.stringify({ ...report, code, reason: String(reason) }));
