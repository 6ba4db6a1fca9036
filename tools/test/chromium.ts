import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const chromiumPath = '/usr/bin/chromium';

/** How to install it; null if it is installed. */
export function chromiumLacks(): string | null {
  return existsSync(chromiumPath)
    ? null
    : 'needs the Debian package chromium, which scripts/test.sh installs';
}

/** Debian's Chromium, without a window on the screen. */
export function startChromium(): Promise<Browser> {
  // Root has no sandbox, and containers have little shared memory. The last keeps it from fetching updates of its own.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  return chromium.launch({ executablePath: chromiumPath, args });
}
