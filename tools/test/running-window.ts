import { promisify } from 'node:util';
import { fastify, type LightMyRequestResponse } from 'fastify';
import { onTestFinished } from 'vitest';
import type { WindowBoard, WindowCamera } from '../../src/contract/window.ts';
import { hashPassword } from '../../src/system/password-hash.ts';
import type { StaticFile } from '../../src/web/static-files.ts';
import { Window, type WindowOptions } from '../../src/web/window.ts';
import type { WindowHandlers } from '../../src/web/window-commands.ts';
import type { WindowFacts } from '../../src/web/window-feed.ts';
import { LogLines } from './log-lines.ts';

export const [ownerPassword, viewerPassword] = ['correct horse battery', 'just looking around'];
const hashes = { owner: await hashPassword(ownerPassword), viewer: await hashPassword(viewerPassword) };

const text = (content: string, type: string): StaticFile => ({
  type,
  etag: '"1"',
  plain: Buffer.from(content),
  gzip: null,
});

export const emptyBoard: WindowBoard = { board: null, cpus: [], temperatures: [], models: [], log: [] };

export const porchAim = { sensitivity: 50, ignore: [], privacy: [] };

const standing = { name: null, min_confidence: 0 };

/** Questions for the porch, which has none by itself. */
export const porchQuestions: WindowCamera['questions'] = {
  gate_open: { ...standing, ask: 'Is the gate open?', type: 'boolean', device_class: null },
  sky: { ...standing, ask: 'What is the sky like?', type: 'enum', values: ['blue', 'grey', 'dark'] },
};

export const porchFacts: WindowFacts = {
  device: 'board',
  name: 'Workshop',
  version: '0.0.0',
  pictures: true,
  history: false,
  labels: false,
  allowed: {
    describe: true,
    ask: true,
    watch: true,
    feedback: true,
    aim: true,
    set: ['paused', 'interval', 'prompt'],
  },
  prompts: ['default'],
  cameras: {
    porch: { name: 'Front porch', source: 'scene', questions: {}, rule_specs: {}, collects: false },
  },
};

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningWindow {
  readonly window: Window;
  readonly log: LogLines;
  /** Asks as a browser on this machine does, with JSON. */
  ask(path: string, ask?: Ask): Promise<LightMyRequestResponse>;
  /** Logs in; returns the cookie. */
  login(password: string): Promise<string>;
  /** Listens on loopback; returns its address. */
  listen(): Promise<string>;
  /** To the server, once it listens. */
  connections(): Promise<number>;
}

/** A window with one camera; closed when the test ends. */
export function startWindow(
  options: Partial<WindowOptions> & {
    readonly hasPassword?: boolean;
    readonly handlers?: Partial<WindowHandlers>;
  } = {},
): RunningWindow {
  const { hasPassword = false, handlers, ...others } = options;
  const log = new LogLines();
  const window = new Window({
    facts: porchFacts,
    files: new Map([
      ['index.html', text('<!doctype html>', 'text/html; charset=utf-8')],
      ['assets/main-1.js', text('1', 'text/javascript; charset=utf-8')],
    ]),
    passwords: hasPassword ? async () => hashes : null,
    sessions: { load: async () => [], save: async () => {} },
    encode: async ({ bytes }) => bytes,
    board: async () => emptyBoard,
    history: null,
    labels: null,
    maxGapMs: () => undefined,
    commandTimeoutMs: 60_000,
    loading: () => null,
    isBrokerConnected: () => true,
    aim: () => porchAim,
    outbox: () => ({ depth: 0, dropped: 0, damaged: 0, fault: null }),
    log,
    ...others,
  });
  const unexpected = async (): Promise<never> => {
    throw new Error('the test expects no command');
  };
  window.accept({
    request: unexpected,
    set: unexpected,
    aim: unexpected,
    watch: unexpected,
    unwatch: unexpected,
    feedback: unexpected,
    ...handlers,
  });
  const app = fastify({ logger: false });
  app.register(async (scope) => window.routes(scope));
  onTestFinished(async () => {
    await window.close();
    app.server.closeAllConnections();
    await app.close();
  });
  const ask: RunningWindow['ask'] = (path, { method, body, headers = {} } = {}) =>
    app.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url: path,
      headers: {
        host: '127.0.0.1:8480',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    window,
    log,
    ask,
    login: async (password) => {
      const { headers } = await ask('/window/login', { body: { password } });
      return String(headers['set-cookie']).split(';')[0]!;
    },
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
    connections: () => promisify(app.server.getConnections.bind(app.server))(),
  };
}
