import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe-core finds wrong for people who read a page in another way, and how wide the page is beyond its window. */
export async function pageFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return [
    ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    ...(await overflow(page)),
  ];
}

/** Whether a page has to be scrolled sideways. */
export async function overflow(page: Page): Promise<string[]> {
  const root = 'document.documentElement';
  const [shown, needed] = await page.evaluate<[number, number]>(`[${root}.clientWidth, ${root}.scrollWidth]`);
  return needed > shown ? [`${needed} pixels wide in ${shown}`] : [];
}
