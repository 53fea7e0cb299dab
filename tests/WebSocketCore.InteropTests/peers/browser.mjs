// The browser's own WebSocket as a client: node browser.mjs SCENARIO URL [SUBPROTOCOL...]; prints one line of JSON about what it saw.
// The page comes from the same host and port by HTTP.
import { text } from 'node:stream/consumers';
import { withPage } from './chromium.mjs';

const [scenario, url, ...subprotocols] = process.argv.slice(2);
const messages = scenario === 'echo' ? JSON.parse(await text(process.stdin)) : [];

await withPage(async page => {
  await page.goto(url.replace(/^ws/, 'http'));
  const report = await page.evaluate(async ({ scenario, url, subprotocols, messages }) => {
    const report = { echoed: [] };
    const next = type => new Promise(resolve => socket.addEventListener(type, resolve, { once: true }));
    const socket = new WebSocket(url, subprotocols);
    socket.binaryType = 'arraybuffer';
    const closed = next('close');
    const opened = await Promise.race([next('open'), closed]);
    if (opened.type === 'open') {
      report.subprotocol = socket.protocol;
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
  }, { scenario, url, subprotocols, messages });
  console.log(JSON.stringify(report));
});
