// Uses the page of the echo server as a person would: node page.mjs URL [SCREENSHOT]; prints one line of JSON with what the page showed.
import { withPage } from './chromium.mjs';

const [url, screenshot] = process.argv.slice(2);

await withPage(async page => {
  const problems = [];
  const requests = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) problems.push(message.text()); });
  page.on('request', request => requests.push(request.url()));
  await page.goto(url);
  const address = await page.inputValue('#url');

  const state = name => page.waitForSelector(`#status[data-state=${name}]`);
  const entries = count => page.waitForFunction(count => document.querySelectorAll('#log li').length === count, count);

  await page.fill('#subprotocol', 'chat.v1, chat.v2');
  await page.click('#connect');
  await state('open');
  const status = await page.textContent('#status');

  await page.fill('#message', 'Grüße, 世界');
  await page.click('#send');
  await entries(3);
  await page.check('#kind-hex');
  await page.fill('#message', '00 ff 7F');
  await page.click('#send');
  await entries(5);
  await page.fill('#message', '0x');
  await page.click('#send'); // No digits: an empty message.
  await entries(7);
  await page.fill('#message', 'abc');
  await page.click('#send'); // Not hex: told, not sent.
  await entries(8);
  await page.check('#kind-bytes');
  await page.fill('#message', 'é');
  await page.click('#send');
  await entries(10);
  await page.click('#ping');
  await entries(11);
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });

  await page.fill('#close-code', '4000');
  await page.fill('#close-reason', 'done');
  await page.click('#close');
  await state('closed');
  const events = await page.$$eval('#log li', items => items.reverse().map(item => ({
    kind: item.dataset.kind,
    what: item.querySelector('.what').textContent,
  })));
  console.log(JSON.stringify({ address, status, events, problems, requests }));
});
