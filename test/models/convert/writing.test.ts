import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { expect, test } from 'vitest';
import { ScenecastError } from '../../../src/domain/errors.ts';
import type { ConvertProgress } from '../../../src/models/convert/convert-checkpoint.ts';
import { f32, text, writeGguf } from '../../../src/models/convert/gguf-writer.ts';
import { readGguf } from '../../../tools/test/read-gguf.ts';
import { convert, folder, newFolder } from './fixture.ts';
import { originalCheckpoint, writeCheckpoint } from './tiny-checkpoint.ts';

const checkpoint = writeCheckpoint(newFolder(), originalCheckpoint());

test('files get their names only when both are complete', async () => {
  const outFolder = newFolder();
  const seen = new Set<string>();
  const progress: ConvertProgress[] = [];
  await convert(checkpoint, {
    outFolder,
    onProgress: (step) => {
      progress.push(step);
      for (const name of readdirSync(outFolder)) seen.add(name);
    },
  });
  expect([...seen].sort()).toEqual(['tiny-mmproj-f16.gguf.part', 'tiny-text-f16.gguf.part']);
  expect(readdirSync(outFolder).sort()).toEqual(['tiny-mmproj-f16.gguf', 'tiny-text-f16.gguf']);
  expect(progress.at(-1)).toEqual({ stage: 'mmproj', fraction: 1 });
  expect(progress.filter(({ stage }) => stage === 'text').at(-1)?.fraction).toBe(1);
  const fractions = progress.filter(({ stage }) => stage === 'text').map(({ fraction }) => fraction!);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
});

test.each(['text', 'mmproj'] as const)(
  'an interruption while the %s is written leaves no file',
  async (stage) => {
    const outFolder = newFolder();
    const stop = new AbortController();
    let later = 0;
    const running = convert(checkpoint, {
      outFolder,
      signal: stop.signal,
      onProgress: (step) => {
        if (stop.signal.aborted) later++;
        if (step.stage === stage && step.fraction! > 0.5) stop.abort();
      },
    });
    await expect(running).rejects.toThrow(new ScenecastError('interrupted; no file was written'));
    expect(readdirSync(outFolder)).toEqual([]);
    expect(later).toBe(0);
  },
);

test('existing files are kept without --force', async () => {
  const outFolder = newFolder();
  mkdirSync(outFolder);
  const path = join(outFolder, 'tiny-mmproj-f16.gguf');
  writeFileSync(path, 'mine');
  await expect(convert(checkpoint, { outFolder })).rejects.toThrow(`${path}: already exists; use --force`);
  expect([readdirSync(outFolder), readFileSync(path, 'utf8')]).toEqual([['tiny-mmproj-f16.gguf'], 'mine']);
  await convert(checkpoint, { outFolder, force: true });
  expect(readGguf(path).tensors.size).toBeGreaterThan(9);
});

test('leftovers of a killed run do not matter', async () => {
  const outFolder = newFolder();
  mkdirSync(outFolder);
  writeFileSync(join(outFolder, 'tiny-text-f16.gguf.part'), Buffer.alloc(10_000_000));
  const { text: path } = await convert(checkpoint, { outFolder });
  expect(readFileSync(path).length).toBeLessThan(1_000_000);
});

test('a full disk is an error before anything is written', async () => {
  const outFolder = newFolder();
  const bytes = (await sizes()).text + (await sizes()).mmproj;
  const options = { outFolder, freeBytesOf: async () => bytes - 1 };
  await expect(convert(checkpoint, options)).rejects.toThrow(
    /the conversion needs \d+ kB of disk space, \d+ kB is free; free some space, or choose another folder/,
  );
  expect(readdirSync(outFolder)).toEqual([]);
  await convert(checkpoint, { outFolder, freeBytesOf: async () => bytes });
});

async function sizes(): Promise<{ text: number; mmproj: number }> {
  const files = await convert(checkpoint);
  return { text: readFileSync(files.text).length, mmproj: readFileSync(files.mmproj).length };
}

test('quantising needs space for both forms of the text model at once', async () => {
  const { text: textBytes } = await sizes();
  const options = {
    quant: 'Q8_0',
    quantize: async (from: string, to: string) => copyFileSync(from, to),
  } as const;
  const free = (bytes: number) => ({ ...options, freeBytesOf: async () => bytes });
  await expect(convert(checkpoint, free(textBytes * 1.5))).rejects.toThrow(/needs/);
  await convert(checkpoint, free(textBytes * 1.6));
});

test('quantised files replace the float ones', async () => {
  const calls: string[][] = [];
  const outFolder = newFolder();
  const quantize = async (input: string, output: string, type: string): Promise<void> => {
    expect(isAbsolute(input) && isAbsolute(output) && !existsSync(output)).toBe(true);
    calls.push([readGguf(input).metadata.get('general.architecture')!.value as string, type]);
    copyFileSync(input, output);
  };
  const converted = await convert(checkpoint, { outFolder, quant: 'Q4_0', quantMmproj: 'Q8_0', quantize });
  expect(calls).toEqual([
    ['llama', 'Q4_0'],
    ['clip', 'Q8_0'],
  ]);
  expect(readdirSync(outFolder).sort()).toEqual(['tiny-mmproj-Q8_0.gguf', 'tiny-text-Q4_0.gguf']);
  expect(converted.text).toBe(join(outFolder, 'tiny-text-Q4_0.gguf'));
});

test('a failed quantisation leaves no file', async () => {
  const outFolder = newFolder();
  const quantize = async (_: string, output: string): Promise<void> => {
    writeFileSync(output, 'half');
    throw new ScenecastError('the quantiser died');
  };
  await expect(convert(checkpoint, { outFolder, quant: 'Q4_0', quantize })).rejects.toThrow(
    'the quantiser died',
  );
  expect(readdirSync(outFolder)).toEqual([]);
});

test('a folder that cannot be created is named', async () => {
  await expect(convert(checkpoint, { outFolder: join(checkpoint, 'config.json', 'x') })).rejects.toThrow(
    /config\.json\/x: cannot be created/,
  );
});

test('metadata of every kind comes back as it was written, and tensors are checked for their length', async () => {
  const path = join(folder, 'own.gguf');
  const metadata = { 'a.text': text(['\u00e9', '']), 'a.float': f32(0.1), long: text('x'.repeat(200_000)) };
  const tensor = {
    name: 't',
    shape: [3],
    type: 'F32',
    async *chunks() {
      yield new Uint8Array(5);
      yield new Uint8Array(7).fill(255);
    },
  } as const;
  await writeGguf(path, { metadata, tensors: [tensor, { ...tensor, name: 'u' }] });
  const { metadata: read, tensors } = readGguf(path);
  expect(read.get('a.text')).toEqual({ type: [9, 8], value: ['\u00e9', ''] });
  expect(read.get('a.float')?.value).toBe(Math.fround(0.1));
  expect(read.get('long')?.value).toBe('x'.repeat(200_000));
  expect([...tensors.get('u')!.bytes]).toEqual([0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255]);
  await expect(writeGguf(path, { metadata, tensors: [{ ...tensor, shape: [4] }] })).rejects.toThrow(
    /tensor t has 12 bytes, its shape 4 needs 16/,
  );
});
