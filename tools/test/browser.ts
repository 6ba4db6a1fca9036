import type { BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { startChromium } from './chromium.ts';

export interface BrowserPage {
  readonly page: Page;
  /** What must not happen: errors of scripts, breaches of the security policy, requests elsewhere, refused requests. */
  readonly faults: readonly string[];
  /** Another page of the same browser, with the same cookies. */
  another(): Promise<BrowserPage>;
}

interface BrowserPageOptions extends BrowserContextOptions {
  /** Statuses of requests that the test expects to be refused. */
  readonly refusals?: readonly number[];
}

/** A page of a new browser at an address; closed when the test ends. */
export async function openInBrowser(
  url: string,
  { refusals = [], ...options }: BrowserPageOptions = {},
): Promise<BrowserPage> {
  const browser = await startChromium();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const open = async (): Promise<BrowserPage> => {
    const page = await context.newPage();
    const faults = faultsOf(page, url, refusals);
    await page.goto(url);
    return { page, faults, another: open };
  };
  return open();
}

function faultsOf(page: Page, url: string, refusals: readonly number[]): string[] {
  const faults: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => faults.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    // Refused requests are noted below, with their status.
    const isRequest = /^Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isRequest) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('blob:'))
      faults.push(`request to ${request.url()}`);
  });
  page.on('response', (response) => {
    const status = response.status();
    if (status >= 400 && !refusals.includes(status)) faults.push(`${status} ${response.url()}`);
  });
  return faults;
}
