import { expect, test } from 'vitest';
import { showPull } from '../../src/cli/models-progress.ts';
import type { PullEvent } from '../../src/models/download/source.ts';

function shown(isTTY: boolean, events: readonly (readonly [number, PullEvent])[]): string {
  let text = '';
  let nowMs = 0;
  const output = {
    isTTY,
    columns: 70,
    write: (part: string) => {
      text += part;
    },
  };
  const show = showPull(output, () => nowMs);
  for (const [atMs, event] of events) {
    nowMs = atMs;
    show(event);
  }
  return text;
}

const progress = (doneBytes: number, sizeBytes: number | null = 10_000_000): PullEvent => ({
  type: 'progress',
  file: 'x.gguf',
  doneBytes,
  sizeBytes,
});

test('on a terminal a bar is redrawn', () => {
  const text = shown(true, [
    [0, progress(0)],
    [50, progress(1_000_000)],
    [1000, progress(5_000_000)],
    [1100, { type: 'file-done', file: 'x.gguf' }],
  ]);
  expect(text.split('\r\x1b[K').slice(1)).toEqual([
    'x.gguf [....................] 0 % of 10.0 MB',
    'x.gguf [##########..........] 50 % of 10.0 MB, 5.00 MB/s, 1 s left',
    'x.gguf: downloaded and verified\n',
  ]);
});

test('elsewhere there is a line every five seconds', () => {
  const text = shown(false, [
    [0, progress(0)],
    [4900, progress(1_000_000)],
    [5000, progress(2_000_000)],
    [6000, { type: 'retry', reason: 'x.gguf: cut' }],
  ]);
  expect(text.split('\n')).toEqual([
    'x.gguf: 0 % of 10.0 MB',
    'x.gguf: 20 % of 10.0 MB, 400 kB/s, 20 s left',
    'x.gguf: cut; retrying',
    '',
  ]);
});

test('a line never exceeds the terminal, and an unknown size is not guessed', () => {
  expect(shown(true, [[0, progress(123_456, null)]])).toBe('\r\x1b[Kx.gguf  123 kB');
  const long = shown(true, [[0, { ...progress(1), file: 'y'.repeat(100) } as PullEvent]]);
  expect(long.length - '\r\x1b[K'.length).toBe(69);
});

const tower = 'mmproj-model-f16.gguf';
const done: PullEvent = {
  ...{ type: 'quantized', file: tower, quant: 'Q8_0' },
  ...{ fromBytes: 624_000_000, toBytes: 332_000_000 },
};

test('a quantisation shows a bar on a terminal, and in the end one line with what was saved', () => {
  const text = shown(true, [
    [0, { type: 'quantizing', file: tower, fraction: 0.5 }],
    [100, done],
  ]);
  expect(text.split('\r\x1b[K').slice(1)).toEqual([
    `${tower}: quantising [##########..........]`,
    `${tower}: quantised to Q8_0, 624 MB became 332 MB; 292 MB saved\n`,
  ]);
});

test('elsewhere a quantisation has a line at its start and one at its end', () => {
  const text = shown(false, [
    [0, { type: 'quantizing', file: tower, fraction: 0 }],
    [100, { type: 'quantizing', file: tower, fraction: 0.5 }],
    [200, done],
    [300, { type: 'not-quantized', file: tower, quant: 'Q8_0', reason: 'the disk is full' }],
  ]);
  expect(text.split('\n')).toEqual([
    `${tower}: quantising`,
    `${tower}: quantised to Q8_0, 624 MB became 332 MB; 292 MB saved`,
    `${tower}: not quantised to Q8_0: the disk is full`,
    '',
  ]);
});
