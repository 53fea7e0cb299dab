// The package ws as a server: node server.mjs [SETTINGS...]; with a port for each setting of compression in JSON, or with the package's own setting.
// Prints one line of JSON with each port, then one about the end of each connection; ends with its standard input.
import { once } from 'node:events';
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(import.meta.url)('ws'); // NODE_PATH says where it is
const settings = process.argv.slice(2).map(each => JSON.parse(each));
process.stdin.on('end', () => process.exit()).resume();

for (const perMessageDeflate of settings.length > 0 ? settings : [true]) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate,
    handleProtocols: offered => offered.has('chat.v2') && 'chat.v2',
  });
  server.on('connection', serve);
  server.on('headers', (headers, request) => {
    request.extensions = headers.find(header => header.startsWith('Sec-WebSocket-Extensions: '))?.replace(/^.*?: /, '');
  });
  await once(server, 'listening');
  console.log(JSON.stringify({ port: server.address().port }));
}

function serve(socket, { url, extensions, socket: wire }) {
  socket.on('close', (code, reason) => {
    const { bytesRead: received, bytesWritten: sent } = wire;
    console.log(JSON.stringify({ code, reason: String(reason), extensions, received, sent }));
  });
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
}
