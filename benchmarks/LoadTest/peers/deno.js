// Echo server on Deno, whose WebSockets are fastwebsockets. deno run --allow-net deno.js PORT
Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.args[0]), onListen() {} }, (request) => {
  if (request.headers.get('upgrade') !== 'websocket') return new Response('This is a WebSocket server.', { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = (event) => socket.send(event.data);
  return response;
});
