import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { changeQuestion, comparisonQuestion } from '../../src/domain/change-question.ts';
import type { AnswerType } from '../../src/domain/observation.ts';
import { RemoteDescriber } from '../../src/remote-engine/remote-describer.ts';
import { serverModels } from '../../src/remote-engine/server-models.ts';
import { demoEngine, demoRequest } from '../../tools/test/demo-engine.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const program = join(import.meta.dirname, '../../build/peer/cmake/llama-server');
const isBuilt = existsSync(program);
const why = isBuilt ? '' : ' (skipped: it is not built; run tools/accuracy/peer/build.sh)';
const never = new AbortController().signal;
const token = 'canary-0123456789';

/** llama-server with the demo model, which wants `token`; ended with the test. */
async function startLlamaServer(folder: string): Promise<string> {
  const port = await freePort();
  const keys = join(folder, 'token');
  writeFileSync(keys, `${token}\n`);
  const { textPath, mmprojPath } = demoEngine;
  const files = ['--model', textPath, '--mmproj', mmprojPath, '--api-key-file', keys];
  const run = [
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--ctx-size',
    '2048',
    '--threads',
    '1',
    '--parallel',
    '1',
  ];
  const child = spawn(program, [...files, ...run], { stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/health`).catch(() => null))?.ok) {
    expect(child.exitCode).toBeNull();
    await sleep(100);
  }
  return url;
}

const types: Readonly<Record<string, AnswerType>> = {
  circle: { kind: 'boolean' },
  count: { kind: 'integer', min: 0, max: 9 },
  colour: { kind: 'enum', values: ['red', 'green', 'blue'] },
  odd: { kind: 'string', maxLength: 12 },
};

test.skipIf(!isBuilt)(`llama-server describes and answers in types${why}`, { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-llama-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = await startLlamaServer(folder);
  expect(await serverModels(url, token, 5000, never)).toHaveLength(1);
  await expect(serverModels(url, 'wrong', 5000, never)).rejects.toThrow('check engine.token_file');

  const options = {
    url,
    model: null,
    deadlineMs: 60_000,
    maxTokens: 64,
    temperature: 0,
    takesSeveralPictures: true,
    fallback: null,
  } as const;
  const describer = new RemoteDescriber({
    ...options,
    tokenFile: join(folder, 'token'),
    log: new LogLines(),
  });
  onTestFinished(() => describer.close());
  const questions = Object.entries(types).map(([name, type]) => ({ name, ask: `Which ${name}?`, type }));
  const description = await describer.describe({ ...demoRequest, questions }, never);
  expect(description.text).not.toBe('');
  expect(description.answers).toEqual({
    circle: expect.any(Boolean),
    count: expect.toSatisfy((count) => Number.isInteger(count) && count >= 0 && count <= 9),
    colour: expect.stringMatching(/^(red|green|blue)$/),
    odd: expect.stringMatching(/^.{0,12}$/),
  });
  expect(description.tokens.completion).toBeGreaterThan(4);
  expect(description.timings.prefillMs).toBeGreaterThan(0);

  // Two pictures in one conversation. The server counts their tokens with the prompt's.
  const previous = 'a small red circle.';
  const { picture } = demoRequest;
  const change = { previous, ask: changeQuestion(previous) };
  const earlier = { picture, ask: comparisonQuestion(previous) };
  const apart = await describer.describe({ ...demoRequest, change }, never);
  const both = await describer.describe({ ...demoRequest, change: { ...change, earlier } }, never);
  expect([apart.change, both.change]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
  expect(both.tokens.prompt - apart.tokens.prompt).toBeGreaterThan(250);
  expect(describer.health.state).toBe('ok');
});
