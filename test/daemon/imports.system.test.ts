import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { Mosquitto } from '../../tools/test/mosquitto.ts';

const root = join(import.meta.dirname, '../..');

test('a daemon whose cameras give JPEGs does not load sharp', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-imports-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const create = { width: 640, height: 480, channels: 3, background: 'red' } as const;
  await sharp({ create }).toFile(join(folder, 'porch.jpg'));
  const script = `
    import { readFileSync } from 'node:fs';
    await import('${root}/src/cli/run.ts');
    const { StillCamera } = await import('${root}/src/camera/still.ts');
    const { readBlockMeans } = await import('${root}/src/gate/block-means.ts');
    const { nativeJpegBlocks } = await import('${root}/src/camera/jpeg-blocks.ts');
    const picture = await new StillCamera('porch', '${folder}/porch.jpg').capture(new AbortController().signal);
    await readBlockMeans(picture, nativeJpegBlocks({ debug: console.error }));
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('libvips'));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(output).toBe('false\n');
});

/** Whether a package is loaded by what `scenecast run` loads, and `more`. */
function isLoaded(name: string, more: string): string {
  const script = `
    import { createRequire } from 'node:module';
    await import('${root}/src/cli/run.ts');
    ${more}
    const { cache } = createRequire('${root}/package.json');
    console.log(Object.keys(cache).some((path) => path.includes('/node_modules/${name}/')));
  `;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}

test('fastify is loaded only where something is served', () => {
  expect(isLoaded('fastify', '')).toBe('false\n');
  const listen = `
    const { HttpServer } = await import('${root}/src/system/http-server.ts');
    const log = { debug() {}, info() {}, error() {} };
    const server = new HttpServer({ listen: { host: '127.0.0.1', port: 0 }, log });
    await server.start();
    await server.close();
  `;
  expect(isLoaded('fastify', listen)).toBe('true\n');
});

test('prom-client is loaded only where there are metrics', () => {
  const create = (metrics: object): string => `
    const { parseConfig } = await import('${root}/src/config/load.ts');
    const { createMonitoring } = await import('${root}/src/daemon/monitoring.ts');
    const web = { listen: '127.0.0.1:8480', metrics: ${JSON.stringify(metrics)} };
    const cameras = { porch: { source: { type: 'scene' } } };
    await createMonitoring(parseConfig(JSON.stringify({ web, cameras }), 'c.yaml'), '/', {}, {});
  `;
  expect(isLoaded('prom-client', create({ enabled: false }))).toBe('false\n');
  expect(isLoaded('prom-client', create({ enabled: true }))).toBe('true\n');
});

test("undici and http2, Node's own, are not loaded with the HTTP client", () => {
  const script = `
    await import('${root}/src/cli/run.ts');
    const { HttpClient } = await import('${root}/src/system/http-client.ts');
    const client = new HttpClient({ headTimeoutMs: 1000, trust: null });
    const answer = client.get(new URL('http://127.0.0.1:1/'), {}, new AbortController().signal);
    await answer.catch(({ code }) => console.log(code));
    console.log(process.moduleLoadList.filter((name) => /undici|http2/.test(name)).join());
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(output).toBe('refused\n\n');
});

test('MQTT.js keeps no Buffer of each 16-bit number', async () => {
  const broker = await Mosquitto.start();
  onTestFinished(() => broker.close());
  const script = `
    import { createRequire } from 'node:module';
    const { connectOnce } = await import('${root}/src/mqtt/connection/connect-once.ts');
    const { brokerOf } = await import('${root}/src/setup/broker.ts');
    const { parseConfig } = await import('${root}/src/config/load.ts');
    const { mqtt } = parseConfig(JSON.stringify({ mqtt: { url: '${broker.url}' }, cameras: { porch: { source: { type: 'scene' } } } }), 'c.yaml');
    const connection = await connectOnce(brokerOf(mqtt, '/'), 'test', new AbortController().signal);
    await connection.close();
    const require = createRequire(createRequire('${root}/package.json').resolve('mqtt'));
    console.log(Object.keys(require('mqtt-packet/numbers').cache).length);
  `;
  const output = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(output.stdout).toBe('0\n');
});
