import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { readOpenAiRequest } from '../../src/engine-server/openai-request.ts';

const page = readFileSync(new URL('../../docs/serve.md', import.meta.url), 'utf8');

test('the command in docs/serve.md sends a photo, which is larger than an argument may be', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-serve-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const raw = { width: 800, height: 600, channels: 3 } as const;
  const photo = await sharp(randomBytes(800 * 600 * 3), { raw })
    .jpeg({ quality: 95 })
    .toBuffer();
  writeFileSync(join(folder, 'table.jpg'), photo);
  writeFileSync(join(folder, 'serve-token'), 'token\n');
  writeFileSync(join(folder, 'curl'), '#!/bin/sh\ncat\n', { mode: 0o755 });
  const [, command] = /### By hand\n+```sh\n(.+?)\n```/s.exec(page)!;
  const body = execFileSync('/bin/sh', ['-c', command!], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    maxBuffer: 2 ** 24,
    encoding: 'utf8',
    input: '',
  });
  expect(photo.length).toBeGreaterThan(2 ** 17);
  expect((await readOpenAiRequest(JSON.parse(body))).chat.messages).toMatchObject([
    { role: 'user', text: 'What is on the table?', picture: { bytes: photo } },
  ]);
});
