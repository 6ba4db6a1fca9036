import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { infoSchema } from '../../src/contract/info.ts';
import { answerSchema } from '../../src/contract/payloads.ts';
import { feedbackResponseSchema } from '../../src/contract/requests.ts';
import { readLabels } from '../../src/labels/labels-file.ts';
import { MeasuredFile } from '../../src/store/measured-file.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { readGguf } from '../../tools/test/read-gguf.ts';
import { until } from '../../tools/test/until.ts';

const base = 'scenecast/e2e';

test('an answer is called wrong, its picture is kept and labelled; what was measured calibrates confidences', async () => {
  const { url } = await startBroker();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const count = { ask: 'How many shapes are there?', type: 'integer', min: 2, max: 3 };
  const name = readGguf('models/demo/demo-text-f16.gguf').metadata.get('general.name')!.value as string;
  await new MeasuredFile(join(folder, 'measured-e2e.json')).save([
    {
      ...{ camera: 'drawn', question: 'count', ask: count.ask, model: { name, quant: 'F16' } },
      ...{ labels: 80, right: 60, calibrationError: 0.02, at: new Date() },
      calibration: { method: 'platt', slope: 0, offset: Math.log(3) },
    },
  ]);
  const caller = await subscribe(url);
  const daemon = new Daemon({
    device: 'e2e',
    mqtt: { url },
    store: { folder },
    cameras: {
      drawn: {
        source: { type: 'scene', seed: 900_000, size: '336x336', every: '500ms' },
        interval: '10m',
        collect: {},
        questions: { count, free: { ask: 'What else?' } },
      },
    },
  });
  await daemon.logged('model loaded', 120_000);
  await until(() => caller.json(`${base}/drawn/answer/count`).length === 1, 60_000);
  const answer = answerSchema.parse(caller.json(`${base}/drawn/answer/count`)[0]);
  expect(answer).toMatchObject({ confidence: expect.closeTo(0.75), calibrated: true });
  await until(() => caller.json(`${base}/info`).some((info) => info.cameras.drawn.measured));
  const info = infoSchema.parse(caller.json(`${base}/info`).at(-1));
  expect(info.cameras['drawn']!.measured).toMatchObject({ count: { labels: 80, accuracy: 0.75 } });

  await caller.client.publishAsync(`${base}/request/feedback`, '{"right":false}', { qos: 1 });
  await until(() => caller.json(`${base}/response/feedback`).length === 1);
  const right = answer.value === 2 ? 3 : 2;
  expect(feedbackResponseSchema.parse(caller.json(`${base}/response/feedback`)[0]).data).toEqual({
    ...{ id: answer.id, camera: 'drawn', question: 'count', value: right },
  });
  const collected = join(folder, 'collected-e2e');
  expect(await readLabels(collected)).toMatchObject([{ picture: `drawn/${answer.id}.jpg`, value: right }]);
  expect(
    readFileSync(join(collected, `drawn/${answer.id}.jpg`))
      .subarray(0, 2)
      .toString('hex'),
  ).toBe('ffd8');
});
