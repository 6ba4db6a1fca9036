import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../src/system/password-hash.ts';
import { openInBrowser } from '../../tools/test/browser.ts';
import { chromiumLacks } from '../../tools/test/chromium.ts';
import { pageFaults } from '../../tools/test/page-faults.ts';
import { until } from '../../tools/test/until.ts';
import { startWindowDaemon } from '../../tools/test/window-daemon.ts';

const lacks = chromiumLacks();
const topic = 'scenecast/board/drawn';
const timeout = 120_000;
const [password, viewerPassword] = ['correct horse battery', 'just looking around'];
const web = {
  password_hash: await hashPassword(password),
  viewer_password_hash: await hashPassword(viewerPassword),
};

async function logIn(page: Page, text: string): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Makes kept sessions begin 40 days earlier. */
async function letSessionsExpire(path: string): Promise<void> {
  const kept = JSON.parse(await readFile(path, 'utf8'));
  expect(kept.sessions).toHaveLength(1);
  for (const session of kept.sessions) session.startedAtMs -= 40 * 86_400_000;
  await writeFile(path, JSON.stringify(kept));
}

describe.skipIf(lacks !== null)(`logging in with Chromium (${lacks ?? 'all is there'})`, () => {
  test(
    'a wrong password shows nothing, the right one everything, until logout',
    async () => {
      const { url } = await startWindowDaemon({ web });
      const { page, faults, another } = await openInBrowser(url, { refusals: [401] });
      await logIn(page, 'correct horse bakery');
      await page.getByText('The password is wrong.').waitFor();
      expect(await pageFaults(page)).toEqual([]);
      expect(await page.locator('.card').count()).toBe(0);
      expect(await page.request.get(`${url}window/events`).then((answer) => answer.status())).toBe(401);

      await logIn(page, password);
      await page.locator('.card .sentence').waitFor();
      const [cookie, ...others] = await page.context().cookies();
      expect(others).toEqual([]);
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.reload();
      await page.locator('.card .sentence').waitFor();

      // Of the same session.
      const other = await another();
      await other.page.locator('.card .sentence').waitFor();
      await other.page.getByRole('button', { name: 'Log out' }).click();
      for (const each of [other.page, page]) {
        await each.getByRole('heading', { name: 'Log in' }).waitFor();
        expect(await each.locator('.card').count()).toBe(0);
      }
      await page.context().addCookies([cookie!]);
      expect(await page.request.get(`${url}window/board`).then((answer) => answer.status())).toBe(401);
      expect([...faults, ...other.faults]).toEqual([]);
    },
    timeout,
  );

  test(
    'a session that ended while the page was open leads to the login, and after it the page goes on',
    async () => {
      const { url, stateFolder, restart } = await startWindowDaemon({ web });
      const { page, faults } = await openInBrowser(`${url}#board`, { refusals: [401] });
      await logIn(page, password);
      await page.getByRole('heading', { name: 'Plan' }).waitFor();
      await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
      // Sessions outlast the daemon, but not their month.
      await restart();
      await page.getByText('No connection to the board.').waitFor({ state: 'hidden', timeout: 60_000 });
      await page.getByRole('heading', { name: 'Plan' }).waitFor();
      await restart(() => letSessionsExpire(join(stateFolder, 'window-board.json')));
      await page.getByRole('heading', { name: 'Log in' }).waitFor({ timeout: 60_000 });
      expect(await page.getByRole('heading', { name: 'Plan' }).count()).toBe(0);
      await logIn(page, password);
      await page.getByRole('heading', { name: 'Plan' }).waitFor();
      expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'with the password of a viewer nothing can be changed, by the page or past it',
    async () => {
      const { url, subscriber } = await startWindowDaemon({ web });
      const { page, faults } = await openInBrowser(url, { refusals: [403] });
      await logIn(page, viewerPassword);
      await page.getByText('You can look, but not change anything.').waitFor();
      await page.locator('.card .sentence').waitFor();
      // What is behind it on phones leads to the view Aim.
      const buttons = await page.locator('.card button').allTextContents();
      expect(buttons.filter((text) => text !== 'More')).toEqual([]);
      await page.getByRole('link', { name: 'Aim' }).first().click();
      await page.getByRole('button', { name: 'Black out a zone' }).click();
      expect(await page.getByRole('button', { name: 'Apply' }).count()).toBe(0);

      // Home Assistant's discovery comes when it comes.
      const said = (): number =>
        subscriber.received.filter(({ topic: name }) => /^scenecast.*(config|observation)$/.test(name))
          .length;
      const before = said();
      const statuses = await page.evaluate(async () => {
        const post = (path: string, body: unknown): Promise<number> =>
          fetch(`window/${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(body),
          }).then(({ status }) => status);
        return Promise.all([
          post('commands/describe', { camera: 'drawn' }),
          post('commands/ask', { camera: 'drawn', question: { ask: 'Why?', type: 'text' } }),
          post('cameras/drawn/set/paused', true),
          post('cameras/drawn/set/interval', 1),
          post('cameras/drawn/aim', { sensitivity: 50, ignore: [], privacy: [] }),
        ]);
      });
      expect(statuses).toEqual([403, 403, 403, 403, 403]);
      await page.waitForTimeout(1000);
      expect(said()).toBe(before);
      expect(subscriber.json(`${topic}/config`).at(-1)).toMatchObject({ paused: false, interval_s: 600 });
      expect(faults).toEqual([]);
    },
    timeout,
  );

  test(
    'who guesses has to wait, and is told so',
    async () => {
      const { url, daemon } = await startWindowDaemon({ web });
      const { page, faults } = await openInBrowser(url, { refusals: [401, 429] });
      const statuses: number[] = [];
      // At least five, more if they take long.
      for (let attempt = 0; attempt < 12 && !statuses.includes(429); attempt++) {
        const answered = page.waitForResponse(/login/);
        await logIn(page, `guess number ${attempt}`);
        statuses.push((await answered).status());
      }
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
      expect(statuses.at(-1)).toBe(429);
      await page.getByText('Too many attempts.').waitFor();
      await until(() => daemon.log.some(({ msg }) => msg === 'login to the window refused'));
      expect(JSON.stringify(daemon.log)).not.toMatch(/guess number|correct horse/);
      expect(faults).toEqual([]);
    },
    timeout,
  );
});
