// The package ws as a server. Prints one line of JSON with its port, then one about the end of each connection; ends with its standard input.
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(import.meta.url)('ws'); // NODE_PATH says where it is
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: true,
  handleProtocols: offered => offered.has('chat.v2') && 'chat.v2',
});
server.on('listening', () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on('end', () => process.exit()).resume();

server.on('connection', (socket, { url }) => {
  socket.on('close', (code, reason) => console.log(JSON.stringify({ code, reason: String(reason) })));
  switch (url) {
    case '/echo':
      socket.on('message', (data, binary) => socket.send(data, { binary }));
      break;
    case '/fragments': // With a ping among the fragments.
      socket.on('message', (data, binary) => {
        const third = Math.ceil(data.length / 3);
        socket.send(data.subarray(0, third), { binary, fin: false });
        socket.ping('between');
        socket.send(data.subarray(third, 2 * third), { binary, fin: false });
        socket.send(data.subarray(2 * third), { binary, fin: true });
      });
      break;
    case '/ping':
      socket.on('pong', payload => socket.send(String(payload)));
      socket.ping('are you there?');
      break;
    case '/close':
      socket.close(4001, 'so long, ünïcode');
      break;
  }
});
