import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { observationSchema } from '../../src/contract/payloads.ts';
import { watchResponseSchema } from '../../src/contract/requests.ts';
import { type AlertPayload, alertSchema, ruleSchema } from '../../src/contract/rule-payloads.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { Publisher } from '../../src/pipeline/ports.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { scratchFolder, startBroker, startPublisher, subscribe } from '../../tools/test/mqtt.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';
import { until } from '../../tools/test/until.ts';
import { wholeOption } from '../../tools/test/whole-option.ts';
import { FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from '../pipeline/fixture.ts';

/** `npm run test:rules` has more. */
const appearances = wholeOption('appearances', process.env['SCENECAST_APPEARANCES'] ?? '6', 1);
/** What takes a minute or two in a yard. */
const speed = 20;
const size = { width: 336, height: 336 };

/** A picture file of a scene, with and without its red circle. */
class Yard {
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'scenecast-yard-'));
  readonly #pictures: Record<'shown' | 'gone', Buffer>;

  private constructor(pictures: Record<'shown' | 'gone', Buffer>) {
    this.path = join(this.#folder, 'yard.jpg');
    this.#pictures = pictures;
    onTestFinished(() => rmSync(this.#folder, { recursive: true }));
  }

  static async open(): Promise<Yard> {
    for (let seed = 900_300; ; seed++) {
      const scene = sampleScene(seed, size);
      const isCircle = ({ colour, kind }: (typeof scene.shapes)[number]): boolean =>
        colour === 'red' && kind === 'circle';
      if (scene.shapes.length !== 2 || scene.shapes.filter(isCircle).length !== 1) continue;
      const without = { ...scene, shapes: scene.shapes.filter((shape) => !isCircle(shape)) };
      return new Yard({ shown: await drawScene(scene), gone: await drawScene(without) });
    }
  }

  show(picture: 'shown' | 'gone'): void {
    const next = join(this.#folder, 'next');
    writeFileSync(next, this.#pictures[picture]);
    renameSync(next, this.path);
  }
}

test(
  `of ${appearances} appearances, each is one alert that it is there and one that it is gone`,
  async () => {
    const yard = await Yard.open();
    yard.show('gone');
    const broker = await startBroker();
    const subscriber = await subscribe(broker.url);
    const daemon = new Daemon({
      device: 'e2e',
      mqtt: { url: broker.url },
      cameras: {
        yard: {
          source: { type: 'still', path: yard.path },
          interval: '500ms',
          questions: { circle: { ask: 'Is there a red circle?', type: 'boolean', min_confidence: 0.5 } },
          rules: { visitor: { when: 'circle', agree: '2 of 3' } },
        },
      },
    });
    const topic = (level: string): string => `scenecast/e2e/yard/${level}`;
    const alerts = (): AlertPayload[] =>
      subscriber.json(topic('alert')).map((payload) => alertSchema.parse(payload));
    const states = (): string[] => {
      const all = subscriber.json(topic('rule/visitor')).map((payload) => ruleSchema.parse(payload).state);
      return all.filter((state, index) => state !== all[index - 1]);
    };
    await until(() => states().at(-1) === 'off', 150_000);

    const random = seededRandom(1);
    for (let appearance = 0; appearance < appearances; appearance++)
      for (const [index, picture] of (['shown', 'gone'] as const).entries()) {
        yard.show(picture);
        await sleep(((60 + 60 * random()) * 1000) / speed);
        // On a busy machine the engine may need longer.
        await until(() => alerts().length > 2 * appearance + index, 60_000);
      }
    await sleep(3000);

    const turns = alerts();
    expect(turns.map(({ state }) => state)).toEqual(
      Array.from({ length: appearances }, () => ['on', 'off']).flat(),
    );
    expect(states()).toEqual(['unknown', 'off', ...turns.map(({ state }) => state)]);
    const observations = new Map(
      subscriber
        .json(topic('observation'))
        .map((payload) => observationSchema.parse(payload))
        .map((observation) => [observation.id, observation]),
    );
    for (const { rule, state, id, evidence, confidence, summary } of turns) {
      expect(rule).toBe('visitor');
      expect(evidence.length).toBeGreaterThanOrEqual(2);
      expect(evidence.at(-1)).toBe(id);
      expect(confidence).toBeGreaterThan(0.5);
      expect(summary).toMatch(/\w/);
      for (const each of evidence) expect(observations.get(each)!.answers['circle']).toBe(state === 'on');
    }
    expect([...observations.values()].some(({ trigger }) => trigger === 'confirm')).toBe(true);
    const { code } = await daemon.end('SIGTERM');
    expect(daemon.stderr).toBe('');
    expect(code).toBe(0);
  },
  300_000 + appearances * 60_000,
);

test('a watch is kept over a restart, raises one alert when it comes true, and ends', async () => {
  const yard = await Yard.open();
  yard.show('gone');
  const broker = await startBroker();
  const subscriber = await subscribe(broker.url);
  const config = {
    device: 'e2e',
    mqtt: { url: broker.url },
    store: { folder: scratchFolder() },
    cameras: {
      yard: {
        source: { type: 'still', path: yard.path },
        interval: '10s',
        questions: { circle: { ask: 'Is there a red circle?', type: 'boolean' } },
      },
    },
  };
  const json = (topic: string) => subscriber.json(`scenecast/e2e/${topic}`);
  const first = new Daemon(config);
  await until(() => json('yard/observation').length > 0, 150_000);
  const request = {
    ...{ when: 'circle', every_s: 0.5, note: 'A visitor' },
    until: new Date(Date.now() + 3_600_000).toISOString(),
  };
  await subscriber.client.publishAsync('scenecast/e2e/request/watch', JSON.stringify(request));
  await until(() => json('response/watch').length > 0);
  const { watch, every_s } = watchResponseSchema.parse(json('response/watch')[0]).data!;
  expect(every_s).toBeLessThan(10);
  await until(() => json('watches').at(-1)?.watches.length === 1);
  expect((await first.end('SIGTERM')).code).toBe(0);

  const second = new Daemon(config);
  const looks = (): number => json('yard/event').filter(({ type }) => type === 'captured').length;
  const before = looks();
  await until(() => looks() > before + 8, 150_000);
  expect(json('yard/alert')).toEqual([]);
  yard.show('shown');
  await until(() => json('yard/alert').length > 0, 60_000);
  await until(() => json('watches').at(-1)?.watches.length === 0);
  yard.show('gone');
  await sleep(2000);
  yard.show('shown');
  await sleep(2000);
  expect(json('yard/alert').map((payload) => alertSchema.parse(payload))).toMatchObject([
    { rule: null, watch, note: 'A visitor', state: 'on' },
  ]);
  expect((await second.end('SIGTERM')).code).toBe(0);
}, 300_000);

const rule: Rule = {
  name: 'visitor',
  when: { kind: 'compare', question: 'circle', is: '==', value: true },
  agree: { votes: 2, of: 3 },
  holdMs: 20_000,
  cooldownMs: 0,
};

test('two hours without a broker, and a restart: it then gets each alert once, in order, marked as late', async () => {
  const hourMs = 3_600_000;
  vi.useFakeTimers({ now: Date.now() - 2 * hourMs - 120_000 });
  onTestFinished(() => void vi.useRealTimers());
  const engine = new FakeEngine(4000);
  const camera = new FakeCamera('porch');
  const questions = [{ name: 'circle', ask: 'Is there a red circle?', type: { kind: 'boolean' } }] as const;
  const task = taskOf(camera, { gate: new FakeGate(), questions, rules: [rule], intervalMs: 10_000 });
  /** What the pipeline publishes. */
  const published: ((publisher: Publisher) => unknown)[] = [];
  const recorder = new Proxy({} as Publisher, {
    get:
      (_, name: keyof Publisher) =>
      (...args: never[]) => {
        published.push((publisher) => (publisher[name] as (...args: never[]) => unknown)(...args));
        return Promise.resolve();
      },
  });
  camera.scene = 0;
  engine.answers['circle'] = false;
  const { pipeline } = startPipeline([task], engine, { publisher: recorder });
  for (let minute = 1; minute <= 120; minute++) {
    await vi.advanceTimersByTimeAsync(60_000);
    camera.scene = minute % 2;
    engine.answers['circle'] = minute % 2 === 1;
  }
  await vi.advanceTimersByTimeAsync(60_000);
  const closed = pipeline.close();
  await vi.advanceTimersByTimeAsync(1000);
  await closed;
  vi.useRealTimers();

  const broker = await startBroker();
  await broker.down();
  const path = join(scratchFolder(), 'outbox.db');
  const away = await startPublisher(broker.url, { path });
  for (const publish of published) await publish(away.publisher);
  await away.close();
  await broker.up();
  const subscriber = await subscribe(broker.url);
  const back = await startPublisher(broker.url, { path });
  const alerts = (): AlertPayload[] =>
    subscriber.json('scenecast/test/porch/alert').map((payload) => alertSchema.parse(payload));
  await until(() => back.outbox.health.depth === 0 && alerts().length >= 120);
  await sleep(500);
  expect(alerts().map(({ state }) => state)).toEqual(Array.from({ length: 60 }, () => ['on', 'off']).flat());
  const times = alerts().map(({ at }) => Date.parse(at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(alerts().every(({ late }) => late)).toBe(true);
});
