import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { expect, onTestFinished, test } from 'vitest';
import { windowEvents } from '../../src/contract/window.ts';
import { CommandError } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { HistoryItem } from '../../src/domain/history.ts';
import type { Watch } from '../../src/domain/watch.ts';
import type { Camera, Gate } from '../../src/pipeline/ports.ts';
import type { WindowOptions } from '../../src/web/window.ts';
import { observation } from '../../tools/test/observation.ts';
import {
  ownerPassword,
  porchAim,
  porchFacts,
  startWindow,
  viewerPassword,
} from '../../tools/test/running-window.ts';
import { until } from '../../tools/test/until.ts';

interface Received {
  readonly name: keyof typeof windowEvents;
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any event
  readonly data: any;
}

interface Reader {
  readonly events: Received[];
  readonly response: IncomingMessage;
  readonly ended: () => boolean;
}

/** Reads the events of a window until the test ends. */
async function follow(url: string, cookie = ''): Promise<Reader> {
  const events: Received[] = [];
  let hasEnded = false;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(`${url}/window/events`, { headers: { cookie }, agent: false }, resolve);
    request.on('error', reject);
    onTestFinished(() => void request.destroy());
  });
  let text = '';
  response.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (name !== undefined) events.push({ name: name as Received['name'], data: JSON.parse(data!) });
      text = text.slice(end + 2);
    }
  });
  const end = (): void => {
    hasEnded = true;
  };
  response.on('close', end).on('error', end);
  return { events, response, ended: () => hasEnded };
}

const never = new AbortController().signal;
const picture: Picture = { size: { width: 2, height: 2 }, bytes: Buffer.from('seen') };

test('a reader first gets everything, then each change, in the payloads of the contract', async () => {
  const { window, listen } = startWindow();
  const { publisher } = window;
  publisher.cameraStatus('porch', { state: 'online', problem: null, reason: null });
  publisher.cameraSettings('porch', { paused: false, intervalMs: 1000, prompt: 'default' }, null);
  const first = observation({ text: 'A red ball.', answers: { people: 1 } });
  publisher.observation(first);
  const url = await listen();
  const { events } = await follow(url);
  await until(() => events.length === 1);
  expect(events[0]).toMatchObject({
    name: 'state',
    data: {
      role: 'owner',
      broker: true,
      cameras: {
        porch: {
          name: 'Front porch',
          status: { state: 'online' },
          config: { interval_s: 1 },
          observation: { id: first.frame.id, description: 'A red ball.' },
          answers: { people: { value: 1 } },
        },
      },
    },
  });
  publisher.event({ type: 'captured', id: first.frame.id, camera: 'porch' });
  publisher.cameraVision('porch', { state: 'paused', since: new Date(), reason: 'the camera is paused' });
  const unsure = { people: { value: null, confidence: 0.4, isCalibrated: false } };
  publisher.observation({ ...observation({ text: null, answers: { people: 2 } }), judged: unsure });
  const turned = { confidence: 0.9, evidence: [first.frame.id] } as const;
  publisher.rule('porch', 'crowd', { ...turned, state: 'on', since: new Date(), reason: null });
  const raised = { camera: 'porch', rule: 'crowd', watch: null, state: 'on', at: new Date() } as const;
  await publisher.alert({ ...raised, ...turned, text: 'A red ball.' });
  const watch = { id: ulid(), camera: 'porch', when: 'gate', everyMs: null, note: null };
  publisher.watches([{ ...watch, until: new Date() }]);
  const at = new Date().toISOString();
  const measured = { labels: 9, accuracy: 1, calibration_error: null, calibrated: false, at };
  window.measured('porch', { people: { ...measured, interval: [0.7, 1] } });
  await until(() => events.length === 9);
  expect(events.map(({ name }) => name)).toEqual([
    ...['state', 'look', 'vision', 'observation', 'answers', 'rule', 'alert', 'watches', 'measured'],
  ]);
  expect(events[4]!.data.payload).toMatchObject({ people: { value: null, reason: 'uncertain' } });
  const late = await follow(url);
  await until(() => late.events.length === 1);
  expect(late.events[0]!.data).toMatchObject({
    cameras: {
      porch: {
        rules: { crowd: { state: 'on' } },
        answers: { people: { confidence: 0.4 } },
        measured: { people: { labels: 9 } },
      },
    },
    alerts: [{ rule: 'crowd', summary: 'A red ball.' }],
    watches: [{ watch: watch.id, when: 'gate' }],
  });
  for (const { name, data } of events) expect(() => windowEvents[name].parse(data), name).not.toThrow();
});

test('the frame that has come farthest is shown with its stage, until it has ended', async () => {
  const { window, listen } = startWindow();
  const { events } = await follow(await listen());
  await until(() => events.length === 1);
  const describing = Promise.withResolvers<void>();
  const describer = window.watchDescriber({
    ready: async () => {},
    describe: async (_request, _signal, events) => {
      await describing.promise;
      events?.onReading?.();
      events?.onGenerating?.();
      return observation().description;
    },
  });
  const [older, newer] = [ulid(), ulid()];
  window.publisher.event({ type: 'captured', id: older, camera: 'porch' });
  const frame = { id: older, camera: 'porch' };
  const described = describer.describe({ picture, prompt: null, questions: [], frame }, never);
  // A look while the engine is busy does not hide how far that is.
  window.publisher.event({ type: 'captured', id: newer, camera: 'porch' });
  window.publisher.event({ type: 'unchanged', id: newer, camera: 'porch', reason: 'no change' });
  describing.resolve();
  await described;
  window.publisher.event({ type: 'described', id: older, camera: 'porch' });
  await until(() => events.length === 8);
  const looks = events.slice(1).map(({ data }) => data.payload && [data.payload.id, data.payload.stage]);
  expect(looks).toEqual([
    [older, 'captured'],
    [older, 'seeing'],
    [older, 'seeing'],
    [older, 'seeing'],
    [older, 'reading'],
    [older, 'saying'],
    null,
  ]);
  expect(() => windowEvents.look.parse(events[1]!.data)).not.toThrow();
});

test('a watch begins and ends as over MQTT, if the config allows it', async () => {
  const asked: unknown[] = [];
  const handlers = {
    watch: async (request: Omit<Watch, 'id' | 'camera'> & { readonly camera: string | null }) => {
      asked.push(request);
      return { watch: { ...request, id: ulid(), camera: 'porch' }, everyMs: 2000, answerMs: null };
    },
    unwatch: async (id: string) => void asked.push(id),
  };
  const { ask } = startWindow({ handlers });
  const until = '2026-12-01T00:00:00.000Z';
  const begun = await ask('/window/commands/watch', { body: { camera: 'porch', when: 'gate', until } });
  expect(begun.json()).toMatchObject({ camera: 'porch', until, every_s: 2, answer_s: null });
  await ask('/window/commands/unwatch', { body: { watch: begun.json().watch } });
  expect(asked).toEqual([
    { camera: 'porch', when: 'gate', everyMs: null, until: new Date(until), note: null },
    begun.json().watch,
  ]);
  const facts = { ...porchFacts, allowed: { ...porchFacts.allowed, watch: false } };
  const refused = await startWindow({ handlers, facts }).ask('/window/commands/watch', {
    body: { camera: 'porch', when: 'gate', until },
  });
  expect([refused.statusCode, refused.json().message]).toEqual([
    403,
    expect.stringContaining('mqtt.commands.watch'),
  ]);
  expect(asked).toHaveLength(2);
});

test('answers alone do not replace the description', async () => {
  const { window, listen } = startWindow();
  window.publisher.observation(observation({ text: 'A red ball.', answers: { people: 1 } }));
  window.publisher.observation(observation({ text: null, answers: { gate: true } }));
  const { events } = await follow(await listen());
  await until(() => events.length === 1);
  const { porch } = events[0]!.data.cameras;
  expect(porch.observation.description).toBe('A red ball.');
  expect(porch.answers).toMatchObject({ people: { value: 1 }, gate: { value: true } });
});

test('a viewer is told that nothing is allowed', async () => {
  const { login, listen } = startWindow({ hasPassword: true });
  const { events } = await follow(await listen(), await login(viewerPassword));
  await until(() => events.length === 1);
  const nothing = { describe: false, ask: false, watch: false, feedback: false, aim: false, set: [] };
  expect(events[0]!.data).toMatchObject({ role: 'viewer', allowed: nothing });
});

test('logout ends the events of the session, and of no other', async () => {
  const { ask, login, listen } = startWindow({ hasPassword: true });
  const url = await listen();
  const [mine, other] = [await login(ownerPassword), await login(ownerPassword)];
  const [reader, otherReader] = [await follow(url, mine), await follow(url, other)];
  await until(() => reader.events.length === 1 && otherReader.events.length === 1);
  await ask('/window/logout', { body: {}, headers: { cookie: mine } });
  await until(() => reader.ended());
  expect(otherReader.ended()).toBe(false);
});

test('a reader that never reads is dropped, and the others get everything', async () => {
  const { window, listen, connections } = startWindow();
  const url = await listen();
  const [stuck, reader] = [await follow(url), await follow(url)];
  await until(() => stuck.events.length === 1 && reader.events.length === 1);
  stuck.response.pause();
  const text = 'x'.repeat(200_000);
  let sent = 1;
  // What the kernel holds for a connection comes on top of what the window does.
  // A paused response does not notice its end, but the server counts its connections.
  for (; sent < 200 && (await connections()) === 2; sent++) {
    window.publisher.observation(observation({ text }));
    await until(() => reader.events.length === sent + 1);
  }
  expect(sent).toBeLessThan(200);
  expect(reader.ended()).toBe(false);
});

test('an observation has its picture by its id, and the newest look by its camera', async () => {
  const { window, ask } = startWindow();
  const described = observation();
  window.publisher.observation(described);
  const answer = await ask(`/window/pictures/${described.frame.id}`);
  expect([answer.headers['content-type'], answer.body]).toEqual(['image/jpeg', 'jpeg']);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect((await ask('/window/pictures/other')).statusCode).toBe(404);
  expect((await ask('/window/cameras/porch/live')).statusCode).toBe(404);
  const camera: Camera = {
    name: 'porch',
    start: async () => {},
    capture: async () => picture,
    close: async () => {},
  };
  await window.watchCamera(camera).capture(AbortSignal.timeout(1000));
  expect((await ask('/window/cameras/porch/live')).body).toBe('seen');
});

test('a picture is encoded once, however many ask for it', async () => {
  let encoded = 0;
  const encode = async ({ bytes }: Picture): Promise<Uint8Array> => {
    encoded++;
    await sleep(5);
    return bytes;
  };
  const { window, ask } = startWindow({ encode });
  const described = observation();
  window.publisher.observation(described);
  expect(encoded).toBe(0);
  await Promise.all([1, 2, 3].map(() => ask(`/window/pictures/${described.frame.id}`)));
  expect(encoded).toBe(1);
});

test('pictures can be kept out of the window', async () => {
  const { window, ask } = startWindow({ facts: { ...porchFacts, pictures: false } });
  const described = observation();
  window.publisher.observation(described);
  expect((await ask(`/window/pictures/${described.frame.id}`)).statusCode).toBe(404);
  expect((await ask('/window/cameras/porch/live')).statusCode).toBe(404);
});

test("what a camera's gate measures is kept, once for each look", async () => {
  const { window, ask } = startWindow();
  const reading = { measure: 1.234, threshold: 0.5, noiseFloor: 1 };
  const gate: Gate = {
    look: async () => ({
      compare: () => ({ changed: true, reading }),
      problem: null,
      changedArea: () => null,
      described() {},
    }),
  };
  const look = await window.watchGate('porch', gate).look(picture);
  expect(look.compare()).toEqual({ changed: true, reading });
  look.compare();
  expect((await ask('/window/cameras/porch/gate')).json()).toEqual([
    { at: expect.any(String), measure: 1.23, threshold: 0.5, changed: true },
  ]);
  expect((await ask('/window/cameras/__proto__/gate')).statusCode).toBe(404);
});

test('describe answers with the observation', async () => {
  const text = '<img src=x onerror=alert(1)>';
  const described = observation({ text });
  const { ask } = startWindow({
    handlers: { request: async () => ({ observation: described, answer: null }) },
  });
  const answer = await ask('/window/commands/describe', { body: { camera: 'porch' } });
  expect(answer.json()).toMatchObject({ id: described.frame.id, description: text });
  expect(answer.headers['content-type']).toContain('application/json');
});

test('a setting is changed as over MQTT', async () => {
  const changes: unknown[] = [];
  const { ask } = startWindow({
    handlers: {
      set: async (camera, change) => {
        changes.push([camera, change]);
        return { paused: false, intervalMs: 2500, prompt: 'default' };
      },
    },
  });
  const set = (path: string, body: unknown) => ask(`/window/cameras/${path}`, { body });
  expect((await set('porch/set/interval', 2.5)).json()).toMatchObject({ config: { interval_s: 2.5 } });
  expect(changes).toEqual([['porch', { intervalMs: 2500 }]]);
  expect((await set('porch/set/interval', '"soon"')).json()).toEqual({
    code: 'invalid',
    message: 'body: must be a number',
  });
  expect((await set('porch/set/device', 1)).statusCode).toBe(404);
  expect((await set('yard/set/paused', true)).statusCode).toBe(404);
  expect(changes).toHaveLength(1);
});

test('faults of commands keep their code, and what the config forbids is not tried', async () => {
  const { ask } = startWindow({
    facts: {
      ...porchFacts,
      allowed: { describe: true, ask: false, watch: false, feedback: false, aim: false, set: [] },
    },
    handlers: {
      request: async () => {
        throw new CommandError('unknown', 'no prompt is named "x"');
      },
    },
  });
  const unknown = await ask('/window/commands/describe', { body: { prompt: 'x' } });
  expect(unknown.statusCode).toBe(404);
  expect(unknown.json()).toEqual({ code: 'unknown', message: 'no prompt is named "x"' });
  const forbidden = await ask('/window/commands/ask', { body: { question: { ask: 'Why?', type: 'text' } } });
  expect([forbidden.statusCode, forbidden.json().code]).toEqual([403, 'forbidden']);
  expect((await ask('/window/cameras/porch/set/paused', { body: true })).statusCode).toBe(403);
  expect((await ask('/window/cameras/porch/aim', { body: porchAim })).statusCode).toBe(403);
});

test('a command that takes too long expires, and one in progress fails when the window closes', async () => {
  const request = async (_camera: unknown, _options: unknown, signal: AbortSignal): Promise<never> => {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    throw new Error('never');
  };
  const slow = startWindow({ commandTimeoutMs: 20, handlers: { request } });
  expect((await slow.ask('/window/commands/describe', { body: {} })).json().code).toBe('expired');
  const closing = startWindow({ handlers: { request } });
  const asked = closing.ask('/window/commands/describe', { body: {} });
  await sleep(20);
  await closing.window.close();
  await closing.window.close();
  expect((await asked).json()).toEqual({ code: 'failed', message: 'Scenecast is stopping' });
});

test('past observations are found by the beginnings of words, each with the one before it', async () => {
  const itemOf = (number: number, description: string): HistoryItem => ({
    number,
    uncertain: [],
    hasThumbnail: number === 2,
    observation: {
      id: `id ${number}`,
      camera: 'porch',
      captured_at: '2026-11-30T12:00:00Z',
      description,
      answers: { people: null },
      prompt: 'default',
    },
  });
  const before = itemOf(1, 'A ball.').observation;
  const found = { ...itemOf(2, 'A parcel.'), previous: before };
  const asked: unknown[] = [];
  const closed: string[] = [];
  const history: WindowOptions['history'] = {
    page: async (filter, request) => {
      asked.push({ ...filter, ...request });
      return { items: [found], next: 2 };
    },
    timeline: async () => ({ sinceMs: 0, bands: [], totals: [] }),
    neighbours: async () => null,
    thumbnail: async (number) => (number === 2 ? Buffer.from('small') : null),
    close: async () => void closed.push('history'),
  };
  const { window, ask } = startWindow({ history });
  const answer = await ask('/window/history?text=parc,%20a&camera=porch&cursor=7');
  expect(asked).toMatchObject([{ text: 'parc* a*', camera: 'porch', cursor: 7, order: 'newest' }]);
  expect(answer.json()).toEqual({
    entries: [
      {
        number: 2,
        id: 'id 2',
        camera: 'porch',
        captured_at: '2026-11-30T12:00:00Z',
        description: 'A parcel.',
        answers: { people: null },
        picture: true,
        previous: { description: 'A ball.', answers: { people: null } },
      },
    ],
    next: 2,
  });
  expect((await ask('/window/history/2')).body).toBe('small');
  for (const number of ['1', 'x', '1e9'])
    expect((await ask(`/window/history/${number}`)).statusCode).toBe(404);
  expect((await ask('/window/history?order=random')).statusCode).toBe(400);
  expect((await startWindow().ask('/window/history')).json().code).toBe('off');
  await window.close();
  expect(closed).toEqual(['history']);
});

test('zones are applied as they were drawn, and pages hear of it', async () => {
  const zone = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];
  const aims: unknown[] = [];
  const running = startWindow({
    handlers: {
      aim: async (camera, aim) => {
        aims.push([camera, aim]);
        running.window.aimed(camera, aim);
        return aim;
      },
    },
  });
  const { events } = await follow(await running.listen());
  const aim = { sensitivity: 62, ignore: [], privacy: [zone] };
  const answer = await running.ask('/window/cameras/porch/aim', { body: aim });
  expect(answer.json()).toEqual(aim);
  expect(aims).toEqual([['porch', aim]]);
  await until(() => events.length === 2);
  expect(events[1]).toEqual({ name: 'aim', data: { camera: 'porch', payload: aim } });
  for (const faulty of [
    { ...aim, privacy: [[[0, 0]]] },
    { ...aim, ignore: [[...zone, [2, 0]]] },
    { privacy: [] },
  ])
    expect((await running.ask('/window/cameras/porch/aim', { body: faulty })).statusCode).toBe(400);
  expect(aims).toHaveLength(1);
});

test('pictures from before a zone became private are not shown', async () => {
  const { window, ask } = startWindow();
  const described = observation();
  window.publisher.observation(described);
  window.forgetPictures('porch');
  expect((await ask(`/window/pictures/${described.frame.id}`)).statusCode).toBe(404);
});
