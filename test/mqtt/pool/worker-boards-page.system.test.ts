import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workAnswerSchema } from '../../../src/contract/work.ts';
import { scratchFolder, startBroker } from '../../../tools/test/mqtt.ts';
import { jpegOf, startSender, startWorker } from '../../../tools/test/pool.ts';
import { until } from '../../../tools/test/until.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/worker-boards.md'), 'utf8');

/** The blocks of the page that are marked as tested, by name. */
const blocks = Object.fromEntries(
  [...page.matchAll(/<!-- tested: (\w+) -->\n\n```\w*\n([\s\S]*?)\n```/g)].map(([, name, text]) => [
    name!,
    text!,
  ]),
);

test.each(['file', 'envelope'])(
  'the shell commands of the page get an answer: %s',
  async (form) => {
    const broker = await startBroker();
    await startWorker(broker.url);
    const folder = scratchFolder();
    writeFileSync(join(folder, 'shelf.jpg'), await jpegOf(320, 240));
    const options = { cwd: folder, env: { ...process.env, BROKER: '127.0.0.1', PORT: String(broker.port) } };
    const waiting = spawn('sh', ['-c', blocks['answer']!], options);
    let heard = '';
    waiting.stdout.on('data', (data) => {
      heard += data;
    });
    // Sent repeatedly, until the receiver has subscribed.
    await until(() => {
      execFileSync('sh', ['-c', blocks[form]!], options);
      return heard !== '';
    }, 30_000);
    const [, correlationData, json] = /^(\S*) (\{.*\})\n/.exec(heard)!;
    const answer = workAnswerSchema.parse(JSON.parse(json!));
    expect(answer).toMatchObject({
      status: 'ok',
      data: { worker: 'orion', image: { width: 320, height: 240 } },
    });
    if (form === 'envelope') expect(answer.transaction).toBe('shelf 7');
    else {
      expect(correlationData).toBe('shelf-7');
      expect(answer.data).toMatchObject({
        description: 'seen: What is on the shelf?',
        answers: { full: true },
      });
    }
  },
  60_000,
);

test('with only the rights on the page, a board has its frames described', async () => {
  const broker = await startBroker((folder) => {
    writeFileSync(join(folder, 'acl'), `${blocks['acl']}\n`);
    for (const [index, user] of ['orion-2', 'porch-board'].entries()) {
      const create = index === 0 ? ['-c'] : [];
      execFileSync('mosquitto_passwd', [
        ...create,
        '-b',
        join(folder, 'passwords'),
        user,
        `secret of ${user}`,
      ]);
      writeFileSync(join(folder, user), `secret of ${user}\n`);
    }
    return `user root\nallow_anonymous false\npassword_file ${folder}/passwords\nacl_file ${folder}/acl`;
  });
  const as = (username: string) => ({
    ...{ url: broker.url, username, passwordFile: join(broker.folder, username) },
    ...{ caFile: null, certFile: null, keyFile: null, keepaliveMs: 30_000 },
  });
  await startWorker(broker.url, { device: 'orion-2', broker: as('orion-2') });
  const { pool } = await startSender(broker.url, { broker: as('porch-board'), silenceMs: 5000 });
  const request = {
    picture: { bytes: await jpegOf(), size: { width: 32, height: 24 } },
    ...{ prompt: 'What?', questions: [], frame: { id: '01M80ETZR3K0WZ785KG7EKMKX8', camera: 'porch' } },
  };
  const { text } = await pool.describe(request, new AbortController().signal);
  expect(text).toBe('seen: What?');
});
