import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe-core finds wrong for people who read a page in another way, light or dark, and how wide the page is beyond its window. */
export async function pageFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const faults = await overflow(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    for (const { id, nodes } of violations)
      faults.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }
  await page.emulateMedia({ colorScheme: null });
  return faults;
}

/** `overflow` on a phone whose reader has doubled the size of the text. */
export async function overflowOfLargeText(page: Page): Promise<string[]> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 360, height: 800 });
  await page.evaluate('document.documentElement.style.fontSize = "200%"');
  const faults = await overflow(page);
  await page.evaluate('document.documentElement.style.fontSize = ""');
  await page.setViewportSize(size);
  return faults;
}

/** Whether a page has to be scrolled sideways. */
export async function overflow(page: Page): Promise<string[]> {
  const root = 'document.documentElement';
  const [shown, needed] = await page.evaluate<[number, number]>(`[${root}.clientWidth, ${root}.scrollWidth]`);
  return needed > shown ? [`${needed} pixels wide in ${shown}`] : [];
}
