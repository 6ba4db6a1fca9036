import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { Daemon } from '../../tools/test/daemon.ts';
import { startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { NodeRed, nodeRedLacks } from '../../tools/test/node-red.ts';
import { until } from '../../tools/test/until.ts';

const lacks = nodeRedLacks();
// biome-ignore lint/suspicious/noExplicitAny: nodes differ by their type
const flow: any[] = JSON.parse(
  readFileSync(new URL('../../docs/node-red/flow.json', import.meta.url), 'utf8'),
);

test.skipIf(lacks !== null)(
  `the flow shows descriptions and answers, and asks${lacks === null ? '' : ` (skipped: needs ${lacks})`}`,
  async () => {
    const broker = await startBroker();
    // As an owner does: the address of the broker, and nothing else.
    const edited = flow.map((node) =>
      node.type === 'mqtt-broker' ? { ...node, port: String(broker.port) } : node,
    );
    const nodeRed = await NodeRed.start(edited);
    onTestFinished(() => nodeRed.close());
    const subscriber = await subscribe(broker.url);
    const daemon = new Daemon({
      device: 'workshop',
      mqtt: { url: broker.url, commands: { ask: true } },
      cameras: {
        porch: {
          source: { type: 'scene', seed: 900_000, size: '336x336', every: '1h' },
          interval: '1h',
          gate: { max_interval: null },
          questions: {
            red: { ask: 'Is there a red circle?', type: 'boolean' },
            shapes: { ask: 'How many shapes are there?', type: 'integer', max: 9 },
          },
        },
      },
    });
    const shown = (name: string) => nodeRed.debugMessages.filter((message) => message.name === name);
    const failure = (): string =>
      `${nodeRed.log}\n${JSON.stringify(nodeRed.debugMessages)}\n${daemon.stderr}`;
    const untilShown = (name: string) =>
      until(() => shown(name).length > 0, 120_000).catch(() => expect.fail(failure()));

    await until(() => shown('answers that turned').length === 2, 120_000).catch(() => expect.fail(failure()));
    await untilShown('sentences');
    const [description] = subscriber.json('scenecast/workshop/porch/description');
    expect(shown('sentences')[0]).toMatchObject({ topic: 'workshop/porch', msg: description.summary });
    const turns = (question: string) =>
      shown('answers that turned').flatMap(({ topic, msg }) =>
        topic === `workshop/porch/${question}` ? [msg] : [],
      );
    expect(turns('red')).toEqual([String(description.answers.red)]);
    expect(turns('shapes')).toEqual([String(description.answers.shapes)]);

    // Its own answer and no other.
    const others = { camera: 'porch', question: { ask: 'Is it dark?' }, transaction: 'others' };
    await subscriber.client.publishAsync('scenecast/workshop/request/ask', JSON.stringify(others));
    await until(() => subscriber.json('scenecast/workshop/response/ask').length === 1, 60_000);
    await nodeRed.inject(flow.find(({ type }) => type === 'inject').id);
    await untilShown('answer to the question');
    const { data } = subscriber.json('scenecast/workshop/response/ask').at(-1);
    expect(data).toMatchObject({ camera: 'porch', ask: 'Is the gate open?' });
    expect(shown('answer to the question')).toEqual([
      expect.objectContaining({ topic: 'Is the gate open?', msg: String(data.value) }),
    ]);
    // The same answer again is no turn: the scene stays the same.
    for (const question of ['red', 'shapes']) {
      const answers = () => subscriber.json(`scenecast/workshop/porch/answer/${question}`);
      await until(() => answers().length >= 3, 60_000);
      expect(new Set(answers().map(({ value }) => value)).size).toBe(1);
      expect(turns(question)).toHaveLength(1);
    }
    // Paused, what was said holds no longer.
    await subscriber.client.publishAsync('scenecast/workshop/porch/set/paused', 'true');
    await until(() => shown('cameras').at(-1)?.msg === 'paused', 60_000).catch(() => expect.fail(failure()));
    expect(shown('cameras').map(({ topic, msg }) => `${topic} ${msg}`)).toEqual(
      expect.arrayContaining(['workshop/porch current', 'workshop/porch paused']),
    );
    expect(nodeRed.log).not.toMatch(/\[error\]|\[warn\] \[(function|mqtt)/);
  },
  300_000,
);
