// Echo server on Bun, whose WebSockets are uWebSockets. bun bun.js PORT
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(Bun.argv[2]),
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response('This is a WebSocket server.', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    maxPayloadLength: 32 * 1024 * 1024,
    message(socket, message) {
      socket.send(message);
    },
  },
});
