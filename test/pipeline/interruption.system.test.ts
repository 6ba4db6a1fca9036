import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { SerialDescriber } from '../../src/vision/process/serial-describer.ts';
import { demoEngine, demoRequest } from '../../tools/test/demo-engine.ts';
import { until } from '../../tools/test/until.ts';
import { FakeCamera, LogLines, startPipeline, taskOf } from './fixture.ts';

// The whole way of an interruption, with the demo model.

const rareMs = 3_600_000;

class PictureCamera extends FakeCamera {
  readonly #picture: Picture;
  constructor(name: string, picture: Picture) {
    super(name);
    this.#picture = picture;
  }
  override async capture(): Promise<Picture> {
    return this.#picture;
  }
}

/** So large that decoding it takes a while. */
async function largePicture(): Promise<Picture> {
  const size = { width: 4000, height: 3000 };
  const bytes = await sharp(demoRequest.picture.bytes).resize(size.width, size.height).png().toBuffer();
  return { size, bytes };
}

test('a request interrupts the engine at an interval frame, and both are described, the request first', async () => {
  const client = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log: new LogLines() });
  onTestFinished(() => client.close());
  await client.start();
  const large = new PictureCamera('large', await largePicture());
  const asked = new PictureCamera('asked', demoRequest.picture);
  const { pipeline, recorder, log } = startPipeline(
    [taskOf(large, { intervalMs: rareMs, questions: [] }), taskOf(asked, { paused: true, questions: [] })],
    new SerialDescriber(client, 60_000),
  );
  await until(() => pipeline.health.engine === 'busy');
  const { observation } = await pipeline.request('asked');
  await until(() => recorder.observations.length === 2);
  expect(recorder.observations.map(({ frame, trigger }) => [frame.camera, trigger])).toEqual([
    ['asked', 'request'],
    ['large', 'interval'],
  ]);
  expect(log.lines.map(({ message }) => message)).toContain('interrupted by a request; waiting again');
  expect([...recorder.endsById.values()]).toEqual([['described'], ['described']]);
  const alone = await client.describe(demoRequest, new AbortController().signal);
  expect(observation.description.text).toBe(alone.text);
  expect(recorder.observations[1]!.description.text).not.toBe('');
}, 120_000);

test('the engine says when it begins to prefill and to generate, and is cancelled in the midst of that too', async () => {
  const client = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log: new LogLines() });
  onTestFinished(() => client.close());
  await client.start();
  const cancel = new AbortController();
  const questions = Array.from({ length: 100 }, (_, index) => ({ name: `q${index}`, ask: 'Is it red?' }));
  const stages: string[] = [];
  const long = client.describe({ ...demoRequest, questions }, cancel.signal, {
    onReading: () => stages.push('reading'),
    onGenerating: () => {
      stages.push('generating');
      cancel.abort();
    },
  });
  await expect(long).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(stages).toEqual(['reading', 'generating']);
  expect((await client.describe(demoRequest, new AbortController().signal)).text).not.toBe('');
});
