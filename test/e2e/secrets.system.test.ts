import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { WindowBoard, WindowState } from '../../src/contract/window.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { HttpCamera } from '../../tools/test/http-camera.ts';
import { SecuredBroker } from '../../tools/test/secured-broker.ts';
import { until } from '../../tools/test/until.ts';
import { reportOf } from '../../web/src/report.ts';

let broker: SecuredBroker;
beforeAll(async () => {
  broker = await SecuredBroker.start();
});
afterAll(() => broker.close());

/** A unique secret, in all the forms in which it is transmitted. */
class Canary {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  get forms(): string[] {
    const { text } = this;
    return [
      text,
      encodeURIComponent(text),
      JSON.stringify(text).slice(1, -1),
      Buffer.from(text).toString('base64').replace(/=+$/, ''),
    ];
  }
}

const random = (): string => randomBytes(8).toString('hex');
const cameraLogin = { username: `viewer/${random()}`, password: `pass word:@%/${random()}` };
const camera = {
  username: new Canary(cameraLogin.username),
  password: new Canary(cameraLogin.password),
  basic: new Canary(`${cameraLogin.username}:${cameraLogin.password}`),
  token: new Canary(`key-${random()}`),
};

/** Where a canary was found, for the message of a failing test. */
function findings(canaries: readonly Canary[], haystacks: ReadonlyMap<string, Buffer>): string[] {
  return [...haystacks].flatMap(([where, bytes]) =>
    canaries.flatMap(({ forms }) =>
      forms.flatMap((form) => {
        const at = bytes.indexOf(form);
        return at < 0 ? [] : [`${where}: ...${bytes.toString('utf8', Math.max(0, at - 60), at + 60)}...`];
      }),
    ),
  );
}

/** The daemon with all its output, at the most verbose log level. */
class Started {
  readonly folder = mkdtempSync(join(tmpdir(), 'scenecast-secrets-'));
  readonly child: ChildProcess;
  readonly #output: Buffer[] = [];

  constructor(config: object, password: string) {
    writeFileSync(join(this.folder, 'broker-password'), `${password}\n`);
    writeFileSync(join(this.folder, 'camera-password'), `${cameraLogin.password}\n`);
    writeFileSync(join(this.folder, 'config.yaml'), JSON.stringify(config)); // JSON is YAML
    mkdirSync(join(this.folder, 'state'));
    // Core dumps enabled, and libraries at their most verbose.
    const command = `ulimit -c unlimited 2>/dev/null; exec "${join(import.meta.dirname, '../../bin/scenecast')}" run -c ../config.yaml`;
    this.child = spawn('bash', ['-c', command], {
      cwd: join(this.folder, 'state'),
      env: {
        ...process.env,
        DEBUG: '*',
        DEBUG_DEPTH: '9',
        NODE_DEBUG: 'http,net,stream,tls',
        FFREPORT: 'file=ffmpeg-%p.log:level=56',
      },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (data: Buffer) => void this.#output.push(data));
    onTestFinished(() => {
      this.child.kill('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  get output(): Buffer {
    return Buffer.concat(this.#output);
  }

  printed(text: string): boolean {
    return this.output.includes(text);
  }

  /** Arguments and environment of the daemon and all its descendants. */
  processes(): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const visit = (pid: number): void => {
      for (const file of ['cmdline', 'environ', 'comm']) {
        const path = `/proc/${pid}/${file}`;
        found.set(path, read(path));
      }
      for (const task of entries(`/proc/${pid}/task`))
        for (const child of read(`/proc/${pid}/task/${task}/children`).toString().split(' ').filter(Boolean))
          visit(Number(child));
    };
    visit(this.child.pid!);
    return found;
  }

  /** All files of the state folder, which is the working directory too: a core dump would be there. */
  files(): Map<string, Buffer> {
    const state = join(this.folder, 'state');
    const paths = readdirSync(state, { recursive: true, encoding: 'utf8' }).map((path) => join(state, path));
    return new Map(paths.filter((path) => statSync(path).isFile()).map((path) => [path, read(path)]));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

/** A process may have exited in between. */
function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Cameras that require a login, one that shows a page, one that hangs, one that is unreachable, and one without a login. */
async function cameras(): Promise<object> {
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const door = new HttpCamera({ jpeg: () => jpeg, credentials: cameraLogin });
  await door.start();
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as { port: number };
  const login = { type: 'ffmpeg', username: cameraLogin.username, password_file: 'camera-password' };
  const { username, password_file } = login;
  const fetched = { type: 'http', username, password_file };
  const query = `token=${camera.token.text}`;
  const interval = '1s';
  return {
    drawn: { source: { type: 'scene', size: '336x336', every: '500ms' }, interval, image: { enabled: true } },
    door: { source: { ...login, input: `${door.address('stream')}?${query}` }, interval },
    gate: { source: { ...login, input: `rtsp://127.0.0.1:${await freePort()}/live?${query}` }, interval },
    window: { source: { ...fetched, url: `${door.address('snapshot')}?${query}` }, interval },
    lamp: { source: { ...fetched, url: `${door.address('page')}?${query}` }, interval },
    shed: {
      source: { ...login, input: `rtsp://127.0.0.1:${port}/live?${query}`, frame_timeout: '2s' },
      interval,
    },
  };
}

/** What a reader of the window's page gets, and the report that is made of it. */
async function shownBy(address: string): Promise<{ state: WindowState; board: WindowBoard; report: string }> {
  const board = (await (await fetch(`${address}/window/board`)).json()) as WindowBoard;
  const events = await fetch(`${address}/window/events`);
  let text = '';
  for await (const chunk of events.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/^data: .*\n\n/m.test(text)) break;
  }
  const state = JSON.parse(/^data: (.*)$/m.exec(text)![1]!) as WindowState;
  return { state, board, report: reportOf(state, board) };
}

const base = (): object => ({
  device: 'workshop',
  log_level: 'trace',
  health_interval: '1s',
  store: { folder: 'state' },
  model: { threads: 1 },
  mqtt: {
    url: broker.url,
    username: 'workshop',
    password_file: 'broker-password',
    ca_file: broker.path('ca.crt'),
  },
});

test('known passwords appear in no log line, topic, argument, environment or file', async () => {
  const password = new Canary(broker.password('workshop'));
  const canaries = [password, ...Object.values(camera)];
  const admin = await broker.connect('admin');
  const topics = new Map<string, Buffer>();
  admin.on('message', (topic, payload) => {
    topics.set(topic, Buffer.concat([topics.get(topic) ?? Buffer.alloc(0), Buffer.from(topic), payload]));
  });
  await admin.subscribeAsync(['#', '$SYS/#'], { qos: 1 });
  const listen = `127.0.0.1:${await freePort()}`;
  const config = { ...base(), web: { listen }, cameras: await cameras() };
  const daemon = new Started(config, password.text);

  const hasMessage = (name: string, text: string): boolean =>
    topics.get(`scenecast/workshop/${name}`)?.includes(text) ?? false;
  const seen: string[] = [];
  // Often enough to see short-lived processes, and rarely enough to let them work.
  const looking = setInterval(() => seen.push(...findings(canaries, daemon.processes())), 200);
  onTestFinished(() => clearInterval(looking));
  const missing = (): string[] =>
    Object.entries({
      description: hasMessage('drawn/description', 'summary'),
      image: topics.has('scenecast/workshop/drawn/image'),
      door: hasMessage('door/status', 'online'),
      gate: hasMessage('gate/status', 'refused'),
      window: hasMessage('window/status', 'online'),
      lamp: hasMessage('lamp/status', 'web page'),
      shed: hasMessage('shed/status', 'unreachable'),
      info: hasMessage('info', '"model":{'),
      health: hasMessage('health', 'tokens_per_second'),
      discovery: topics.has('homeassistant/device/scenecast_workshop/config'),
    }).flatMap(([what, isThere]) => (isThere ? [] : [what]));
  await expect.poll(missing, { timeout: 200_000 }).toEqual([]);
  clearInterval(looking);

  const { state, board, report } = await shownBy(`http://${listen}`);
  const shown = { 'first event': JSON.stringify(state), board: JSON.stringify(board), report };
  seen.push(
    ...findings(canaries, new Map(Object.entries(shown).map(([key, text]) => [key, Buffer.from(text)]))),
  );
  expect(JSON.parse(report)).toMatchObject({
    ...{ scenecast: state.version, device: 'workshop', broker: true },
    cameras: { door: { source: 'ffmpeg' }, gate: { status: { state: expect.any(String) } }, shed: {} },
    board: { models: [{ name: expect.any(String) }] },
  });

  // ffmpeg and the engine were among the inspected processes.
  const processes = daemon.processes();
  const commands = [...processes]
    .filter(([path]) => path.endsWith('cmdline'))
    .map(([, bytes]) => bytes.toString());
  expect(commands.some((command) => command.includes('ffmpeg'))).toBe(true);
  expect(commands.some((command) => command.includes('vision/process/engine-process.ts'))).toBe(true);
  // The daemon tries nothing that the documented access list forbids.
  expect(daemon.printed('not published')).toBe(false);
  // With trace and DEBUG there is a lot of output to search.
  expect(daemon.printed('"level":20')).toBe(true);

  expect(read(`/proc/${daemon.child.pid}/limits`).toString()).toMatch(/Max core file size\s+0 /);
  await daemon.end('SIGSEGV');
  seen.push(...findings(canaries, new Map([...topics, ['log', daemon.output], ...daemon.files()])));
  expect(seen).toEqual([]);
  expect([...daemon.files().keys()].filter((path) => /core/.test(path))).toEqual([]);
}, 400_000);

test('the error about a wrong password does not contain it', async () => {
  const wrong = new Canary(`wrong-${random()}`);
  const daemon = new Started(
    { ...base(), cameras: { drawn: { source: { type: 'scene', size: '336x336' } } } },
    wrong.text,
  );
  await until(
    () => daemon.printed('check mqtt.username (workshop) and the password in mqtt.password_file'),
    200_000,
  );
  const seen = findings([wrong], daemon.processes());
  await daemon.end('SIGTERM');
  seen.push(...findings([wrong], new Map([['log', daemon.output], ...daemon.files()])));
  expect(seen).toEqual([]);
}, 300_000);

test.each([
  ['mqtt.url', { mqtt: { url: 'mqtt://board:CANARY@127.0.0.1' } }],
  [
    'cameras.a.source.input',
    { cameras: { a: { source: { type: 'ffmpeg', input: 'rtsp://u:CANARY@h/x' } } } },
  ],
])(
  'a login that was written into %s is refused without being repeated',
  async (field, fault) => {
    const canary = new Canary(`leaked-${random()}`);
    const config = { cameras: { a: { source: { type: 'scene' } } }, ...fault };
    const daemon = new Started(JSON.parse(JSON.stringify(config).replace('CANARY', canary.text)), 'unused');
    await once(daemon.child, 'close');
    expect(daemon.child.exitCode).toBe(78);
    expect(daemon.printed(field)).toBe(true);
    expect(findings([canary], new Map([['log', daemon.output]]))).toEqual([]);
  },
  120_000,
);
