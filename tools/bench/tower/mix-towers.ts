import { type GgufValue, type TensorType, writeGguf } from '../../../src/models/convert/gguf-writer.ts';
import { readGguf } from '../../test/read-gguf.ts';

const valueTypes: Readonly<Record<number, GgufValue['type']>> = {
  4: 'u32',
  5: 'i32',
  6: 'f32',
  7: 'bool',
  8: 'string',
};

/**
 * Writes an mmproj whose matrices come from several files of the same tower, one for each type.
 * @param typeOf the type to take a tensor from; other tensors are the same in all files
 */
export async function mixTowers(
  path: string,
  files: ReadonlyMap<TensorType, string>,
  typeOf: (tensor: string) => TensorType,
): Promise<void> {
  const towers = new Map([...files].map(([type, file]) => [type, readGguf(file)]));
  const [first] = towers.values();
  const metadata = [...first!.metadata].map(([key, { type, value }]): [string, GgufValue] => [
    key,
    { type: valueTypes[type.at(-1)!]!, value: value as GgufValue['value'] },
  ]);
  const tensors = [...first!.tensors.keys()].map((name) => {
    const { shape, type, bytes } = towers.get(typeOf(name))!.tensors.get(name)!;
    return {
      name,
      shape,
      type,
      async *chunks() {
        yield bytes;
      },
    };
  });
  await writeGguf(path, { metadata: Object.fromEntries(metadata), tensors });
}
