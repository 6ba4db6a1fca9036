import { loadAddon } from '../../../src/vision/native/addon.ts';
import type { HollowTower } from './hollow-towers.ts';

/** The seconds that one square takes, after another one as warm-up. A CPU module must be loaded. */
export async function squareSeconds({ textPath, mmprojPath }: HollowTower, threads: number): Promise<number> {
  const engine = await loadAddon().load({
    ...{ textPath, mmprojPath, threads, contextSize: 512, flashAttention: 'on' },
  });
  const square = Uint8Array.from(
    { length: engine.info.vision.imageSize ** 2 * 3 },
    (_, at) => (at * 31) % 256,
  );
  await engine.encodeTile(square);
  const started = performance.now();
  await engine.encodeTile(square);
  const seconds = (performance.now() - started) / 1000;
  await engine.close();
  return seconds;
}
