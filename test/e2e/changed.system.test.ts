import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { type Scene, sampleScene } from '../../src/camera/scene-layout.ts';
import { type ObservationPayload, observationSchema } from '../../src/contract/payloads.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { writeRandomModel } from '../../tools/test/random-projectors.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

/** A scene with its first shapes only. */
function withShapes(scene: Scene, count: number): Scene {
  return { ...scene, noiseSigma: 0, shapes: scene.shapes.slice(0, count) };
}

const scene = sampleScene(900_017, { width: 640, height: 480 });

async function startAll(model: object): Promise<{
  daemon: Daemon;
  /** Shows a scene, and resolves with its description. */
  show: (shown: Scene) => Promise<ObservationPayload>;
  request: () => Promise<ObservationPayload>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-changed-'));
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url);
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
    rmSync(folder, { recursive: true });
  });
  const picture = join(folder, 'picture.jpg');
  writeFileSync(picture, await drawScene(withShapes(scene, 1)));
  const daemon = new Daemon({
    device: 'e2e',
    mqtt: { url: broker.url },
    model,
    cameras: { porch: { source: { type: 'still', path: picture }, interval: '500ms' } },
  });
  let seen = 0;
  const next = async (): Promise<ObservationPayload> => {
    await until(() => subscriber.json('scenecast/e2e/porch/observation').length > seen, 150_000);
    return observationSchema.parse(subscriber.json('scenecast/e2e/porch/observation')[seen++]);
  };
  return {
    daemon,
    show: async (shown) => {
      writeFileSync(`${picture}.new`, await drawScene(shown));
      renameSync(`${picture}.new`, picture);
      return next();
    },
    request: async () => {
      await subscriber.client.publishAsync('scenecast/e2e/request/describe', '{}');
      return next();
    },
  };
}

test('with detail: changed, a picture is shown whole, then what has changed, and whole on request', async () => {
  expect(scene.shapes).toHaveLength(3);
  const { show, request, daemon } = await startAll({ detail: 'changed' });
  const first = await show(withShapes(scene, 1));
  expect(first).toMatchObject({ trigger: 'interval', tokens: { image: 268, image_omitted: 0 } });
  const second = await show(withShapes(scene, 2));
  expect(second.trigger).toBe('change');
  expect(second.tokens.image + second.tokens.image_omitted).toBe(268);
  expect(second.tokens.image_omitted).toBeGreaterThan(100);
  // As drawn, in cell order: what was there is described from the overview.
  expect(second.description).toContain(`${scene.shapes[1]!.colour} ${scene.shapes[1]!.kind}`);
  expect(await request()).toMatchObject({ trigger: 'request', tokens: { image: 268, image_omitted: 0 } });
  expect(await daemon.logged('engine plan')).toMatchObject({
    detail: 'full',
    changed: { imageTokens: expect.any(Number) },
  });
  expect((await daemon.end('SIGTERM')).code).toBe(0);
}, 240_000);

test('with image_tokens, no picture takes more, whole or changed', async () => {
  const { show, request, daemon } = await startAll({ detail: 'changed', image_tokens: 90 });
  const first = await show(withShapes(scene, 1));
  expect(first).toMatchObject({ trigger: 'interval', tokens: { image: 90, image_omitted: 178 } });
  const second = await show(withShapes(scene, 2));
  expect(second).toMatchObject({ trigger: 'change', tokens: { image: 90, image_omitted: 178 } });
  expect((await request()).tokens).toMatchObject({ image: 90, image_omitted: 178 });
  expect(await daemon.logged('engine plan')).toMatchObject({ maxImageTokens: 90, imageTokens: 90 });
  expect((await daemon.end('SIGTERM')).code).toBe(0);
}, 240_000);

test('a model whose pictures have no tiles gets whole pictures, and the log says what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-square-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeRandomModel(folder, 'mlp');
  const model = { path: folder, detail: 'changed', image_tokens: 5, max_tokens: 8 };
  const { daemon, show } = await startAll(model);
  expect((await show(withShapes(scene, 1))).tokens).toMatchObject({ image: 16, image_omitted: 0 });
  const { msg } = daemon.log.find(({ detail }) => detail === 'changed')!;
  expect(msg).toMatch(/model\.detail: changed has no effect on this model, .*set it to full/);
  const { reason } = daemon.log.find(({ msg }) => msg.startsWith('model.image_tokens has no effect'))!;
  expect(reason).toMatch(/16 image tokens .*; model\.image_tokens has no effect, as only pictures in tiles/);
  await daemon.end('SIGTERM');
}, 240_000);
