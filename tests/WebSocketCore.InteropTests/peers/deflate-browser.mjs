// The browser's own WebSocket as a client that compresses: connects as its input says, and prints one line of JSON for each connection.
import { text } from 'node:stream/consumers';
import { withPage } from './chromium.mjs';
import { converse } from './in-page.mjs';

const { messages, table } = JSON.parse(await text(process.stdin));

await withPage(async page => {
  await page.goto(table[0].url.replace(/^ws/, 'http'));
  await page.addScriptTag({ content: String(converse) });
  const reports = await page.evaluate(async ({ messages, table }) => {
    const reports = [];
    for (const { url } of table) reports.push(await converse({ scenario: 'echo', url, subprotocols: [], messages }));
    return reports;
  }, { messages, table });
  for (const report of reports) console.log(JSON.stringify(report));
});
