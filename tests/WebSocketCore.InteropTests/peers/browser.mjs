// The browser's own WebSocket as a client: node browser.mjs SCENARIO URL [SUBPROTOCOL...]; prints one line of JSON about what it saw.
// The page comes from the same host and port by HTTP.
import { text } from 'node:stream/consumers';
import { withPage } from './chromium.mjs';
import { converse } from './in-page.mjs';

const [scenario, url, ...subprotocols] = process.argv.slice(2);
const messages = scenario === 'echo' ? JSON.parse(await text(process.stdin)) : [];

await withPage(async page => {
  await page.goto(url.replace(/^ws/, 'http'));
  const report = await page.evaluate(converse, { scenario, url, subprotocols, messages });
  console.log(JSON.stringify(report));
});
