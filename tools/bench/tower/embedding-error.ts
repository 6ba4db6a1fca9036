import { drawScene } from '../../../src/camera/scene-draw.ts';
import { sampleScene } from '../../../src/camera/scene-layout.ts';
import type { Size } from '../../../src/domain/frame.ts';
import type { ModelFiles } from '../../../src/models/installed/locate.ts';
import { loadAddon } from '../../../src/vision/native/addon.ts';
import { cutPicture, encodeCut } from '../../../src/vision/picture/embed-picture.ts';

/** The embeddings of each scene's picture. A CPU module must be loaded. */
export async function embeddingsOf(
  files: ModelFiles,
  scenes: readonly { readonly seed: number; readonly size: Size }[],
): Promise<Float32Array[]> {
  const engine = await loadAddon().load({ textPath: files.text, mmprojPath: files.mmproj, threads: 1 });
  const found: Float32Array[] = [];
  for (const { seed, size } of scenes) {
    const bytes = await drawScene(sampleScene(seed, size));
    found.push(
      await encodeCut(
        engine,
        (square) => engine.encodeTile(square),
        await cutPicture(engine, { size, bytes }),
      ),
    );
  }
  await engine.close();
  return found;
}

/** How far embeddings are from others, as a share of those: the root of the mean squares' ratio. */
export function relativeError(found: readonly Float32Array[], right: readonly Float32Array[]): number {
  let errors = 0;
  let squares = 0;
  for (const [scene, values] of found.entries()) {
    const wanted = right[scene]!;
    for (let at = 0; at < values.length; at++) {
      errors += (values[at]! - wanted[at]!) ** 2;
      squares += wanted[at]! ** 2;
    }
  }
  return Math.sqrt(errors / squares);
}
