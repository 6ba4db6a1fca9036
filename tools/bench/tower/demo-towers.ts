import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TensorType } from '../../../src/models/convert/gguf-writer.ts';
import { locateModel, type ModelFiles } from '../../../src/models/installed/locate.ts';
import { quantizeFile } from '../../../src/vision/one-shot/quantize.ts';
import { mixTowers } from './mix-towers.ts';
import type { TowerType } from './tower-types.ts';

const root = join(import.meta.dirname, '../../..');
/** Of the demo model's tower. */
const blocks = 4;
const pureTypes: readonly TensorType[] = ['F16', 'BF16', 'Q8_0', 'Q4_0'];

/** The demo model with its tower in each of the types: a folder each, below `folder`. */
export async function writeDemoTowers(folder: string, types: readonly TowerType[]): Promise<ModelFiles[]> {
  const demo = await locateModel(join(root, 'models/demo'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'pure'), { recursive: true });
  const pure = new Map<TensorType, string>();
  for (const type of pureTypes) {
    const outputPath = join(folder, 'pure', `${type}.gguf`);
    await quantizeFile({ inputPath: demo.mmproj, outputPath, type, threads: 1 });
    pure.set(type, outputPath);
  }
  const written: ModelFiles[] = [];
  for (const [index, { typeOf }] of types.entries()) {
    const model = join(folder, String(index));
    mkdirSync(model);
    const files = { text: join(model, basename(demo.text)), mmproj: join(model, 'mmproj.gguf') };
    symlinkSync(demo.text, files.text);
    await mixTowers(files.mmproj, pure, (tensor) => typeOf(tensor, blocks));
    written.push(files);
  }
  return written;
}
