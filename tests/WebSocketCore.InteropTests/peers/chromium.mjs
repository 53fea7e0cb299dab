// A headless Chromium, driven by the package playwright-core. CHROMIUM names the browser, NODE_PATH says where the package is.
import { createRequire } from 'node:module';

const { chromium } = createRequire(import.meta.url)('playwright-core');

/** Runs the function with a new page. */
export async function withPage(use) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}
