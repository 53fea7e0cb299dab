/** Runs in a page, which gets the text of this function and nothing around it: connects, does what the scenario says, and returns what it saw. */
export async function converse({ scenario, url, subprotocols, messages }) {
  const report = { echoed: [] };
  const next = type => new Promise(resolve => socket.addEventListener(type, resolve, { once: true }));
  const socket = new WebSocket(url, subprotocols);
  socket.binaryType = 'arraybuffer';
  const closed = next('close');
  const opened = await Promise.race([next('open'), closed]);
  if (opened.type === 'open') {
    report.subprotocol = socket.protocol;
    report.extensions = socket.extensions;
    switch (scenario) {
      case 'echo':
        for (const { name, kind, parts } of messages) {
          const bytes = Uint8Array.from(parts.map(atob).join(''), character => character.charCodeAt(0));
          const sent = kind === 'Text' ? new TextDecoder().decode(bytes) : bytes;
          socket.send(sent);
          const { data } = await next('message');
          const same = kind === 'Text'
            ? data === sent
            : data instanceof ArrayBuffer && data.byteLength === sent.length && new Uint8Array(data).every((byte, index) => byte === sent[index]);
          if (same) report.echoed.push(name);
        }
        socket.close(1000);
        break;
      case 'pinged':
        await next('message'); // The server says when its ping was answered.
        socket.close(1000);
        break;
      case 'close':
        socket.close(4002, 'enough, ünïcode');
        break;
      case 'closed':
        break;
    }
  }
  const { code, reason } = await closed;
  return { ...report, code, reason };
}
