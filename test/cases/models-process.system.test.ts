import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { LoggingProxy } from '../../tools/test/logging-proxy.ts';
import { ggufBytes, LoopbackHub } from '../../tools/test/loopback-hub.ts';

vi.setConfig({ testTimeout: 180_000 });

const repository = join(import.meta.dirname, '../..');
const demo = join(repository, 'models/demo');
const folder = mkdtempSync(join(tmpdir(), 'scenecast-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));
const models = join(folder, 'scenecast/models');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command in which "$0" is scenecast. */
function shell(command: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      'bash',
      ['-c', command, join(repository, 'bin/scenecast')],
      // A process that does not end by itself is killed, and has no code.
      {
        cwd: folder,
        env: { PATH: process.env['PATH'], XDG_STATE_HOME: folder, ...env },
        timeout: 60_000,
      },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('a split model is planned, shown and used as the whole one', async () => {
  for (const name of ['whole', 'split']) {
    mkdirSync(join(folder, name));
    cpSync(join(demo, 'demo-mmproj-f16.gguf'), join(folder, name, 'mmproj.gguf'));
  }
  const text = join(demo, 'demo-text-f16.gguf');
  cpSync(text, join(folder, 'whole/text.gguf'));
  execFileSync('python3', [
    join(import.meta.dirname, 'split-gguf.py'),
    text,
    join(folder, 'split/text'),
    '3',
  ]);
  await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .png()
    .toFile(join(folder, 'red.png'));
  const [whole, split] = await Promise.all(
    ['whole', 'split'].map(async (name) => {
      const plan = JSON.parse((await shell(`"$0" plan --json --model ./${name}`)).stdout);
      const shown = JSON.parse((await shell(`"$0" models show ./${name}/ --json`)).stdout);
      const described = JSON.parse((await shell(`"$0" describe red.png --json --model ./${name}`)).stdout);
      return {
        ...{ plan: plan.plan, weights: plan.memory.weights_bytes, size: shown.size_bytes },
        ...{ name: shown.name, description: described.description },
      };
    }),
  );
  expect(whole!.size).toBeGreaterThan(5_000_000);
  expect(whole!.description).not.toBe('');
  expect(split).toEqual(whole);

  rmSync(join(folder, 'split/text-00002-of-00003.gguf'));
  for (const command of [
    'plan --model ./split',
    'describe red.png --model ./split',
    'models show ./split/',
  ]) {
    const { code, stderr } = await shell(`"$0" ${command}`);
    expect(stderr).toMatch(/lacks text-00002-of-00003\.gguf, a part of its text model/);
    expect(code).toBe(78);
  }
});

test.each([
  [
    'models pull smolvlm2-256m',
    4,
    /not available from any source; check the network; behind a proxy, set HTTPS_PROXY/,
  ],
  ['plan --model smolvlm2-256m', 2, /its header cannot be read: .*; check the network/],
])(
  'without a network %s shows each try and ends with what to do instead',
  async (command, retries, message) => {
    const { code, stderr } = await shell(`"$0" ${command}`, {
      HF_ENDPOINT: 'http://hub.invalid',
      MODELSCOPE_ENDPOINT: 'http://hub.invalid',
    });
    expect(
      stderr.match(/hub\.invalid cannot be reached: the host name cannot be resolved .*; retrying$/gm),
    ).toHaveLength(retries);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  },
);

test('a pull that was cut is named by plan and describe, and resumed by its name', async () => {
  const hub = await new LoopbackHub().start();
  onTestFinished(() => hub.close());
  const bytes = ggufBytes(400_000, 1);
  hub.files.set('o/r/text.gguf', bytes).set('o/r/mmproj.gguf', bytes);
  hub.fault = (_request, file) => (file.endsWith('mmproj.gguf') ? { silent: true } : null);
  const env = { HF_ENDPOINT: hub.endpoint };
  const pull = '"$0" models pull hf:o/r/text.gguf hf:o/r/mmproj.gguf --name cut & P=$!';
  const untilPart = `until [ -e ${models}/cut/mmproj.gguf.part.json ]; do sleep 0.1; done`;
  const { stderr } = await shell(`${pull}; ${untilPart}; kill -KILL $P; pkill -KILL -P $P; wait $P`, env);
  expect(stderr).toContain('text.gguf: downloaded and verified');
  const words = /not wholly downloaded \(mmproj\.gguf\.part\): run scenecast models pull cut$/m;
  for (const command of ['plan --model cut', 'describe red.png --model cut']) {
    const ended = await shell(`"$0" ${command}`);
    expect(ended.stderr).toMatch(words);
    expect(ended.code).toBe(78);
  }
  hub.fault = () => null;
  expect(await shell('"$0" models pull cut', env)).toMatchObject({ code: 0 });
  expect(readdirSync(join(models, 'cut')).sort()).toEqual(['mmproj.gguf', 'text.gguf']);
});

test('a file system that refuses a file of this size is named', async () => {
  const hub = await new LoopbackHub().start();
  onTestFinished(() => hub.close());
  hub.files.set('o/r/text.gguf', ggufBytes(400_000, 1));
  const { code, stderr } = await shell('ulimit -f 200; exec "$0" models pull hf:o/r/text.gguf --name large', {
    HF_ENDPOINT: hub.endpoint,
  });
  expect(stderr).toMatch(
    /does not hold files of this size \(FAT32: 4 GiB\); choose another disk.*\(EFBIG\)$/m,
  );
  expect(code).toBe(1);
});

test('a Git LFS pointer is named by plan and models show', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 123456\n`;
  writeFileSync(join(folder, 'pointer.gguf'), pointer);
  for (const command of ['plan --model pointer.gguf --mmproj pointer.gguf', 'models show pointer.gguf']) {
    const { code, stderr } = await shell(`"$0" ${command}`);
    expect(stderr).toMatch(/pointer\.gguf: a Git LFS pointer .*run git lfs install, then git lfs pull/);
    expect(code).toBe(78);
  }
});

test('an https download goes through a tunnel of the proxy, with the certificate checked', async () => {
  const tls = { key: join(folder, 'tls.key'), cert: join(folder, 'tls.crt') };
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '10'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', tls.key, '-out', tls.cert],
    ],
    { stdio: 'pipe' },
  );
  const bytes = ggufBytes(3_000_000, 1);
  const server = createServer(
    { key: readFileSync(tls.key), cert: readFileSync(tls.cert) },
    (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, connection: 'close' }).end(bytes);
    },
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const proxy = await new LoggingProxy().start();
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await proxy.close();
  });
  const { port } = server.address() as AddressInfo;
  const pull = `"$0" models pull https://localhost:${port}/text.gguf --name tunnelled`;
  const env = { https_proxy: proxy.address('me:secret') };
  const refused = await shell(pull, env);
  expect(refused.stderr).toMatch(
    /its certificate is not trusted \(\w+\); .*set NODE_EXTRA_CA_CERTS to the file/,
  );
  expect(refused.stderr).not.toMatch(/retrying|secret/);
  const pulled = await shell(pull, { ...env, NODE_EXTRA_CA_CERTS: tls.cert });
  expect(pulled).toMatchObject({ code: 0, stdout: expect.stringContaining('it holds no projector') });
  expect(proxy.seen.map(({ line }) => line)).toEqual([
    `CONNECT localhost:${port}`,
    `CONNECT localhost:${port}`,
  ]);
  expect(pulled.stderr).not.toContain('secret');
});
