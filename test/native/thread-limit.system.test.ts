import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The policy alone, compiled into a program that reads measurements and prints the limit after each.

interface Use {
  readonly threads?: number;
  readonly wallMs: number;
  /** CPUs that the threads had. */
  readonly cpus: number;
  readonly preemptions: number;
}

const sources = join(import.meta.dirname, '../../native/mtmd/src');
const folder = mkdtempSync(join(tmpdir(), 'scenecast-thread-limit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, 'thread-limit');

beforeAll(() => {
  const main = join(folder, 'main.cc');
  writeFileSync(
    main,
    `#include "thread-limit.h"
#include <cstdio>
#include <cstdlib>
int main(int, char** argv) {
  scenecast::ThreadLimit limit(atoi(argv[1]));
  int threads; double wallMs, cpus; long preemptions;
  while (scanf("%d %lf %lf %ld", &threads, &wallMs, &cpus, &preemptions) == 4) {
    const int used = threads > 0 && threads < limit.threads() ? threads : limit.threads();
    limit.add({used, wallMs, cpus * wallMs, preemptions});
    printf("%d\\n", limit.threads());
  }
}
`,
  );
  execFileSync('c++', [
    '-std=c++17',
    '-Wall',
    '-Werror',
    '-I',
    sources,
    '-o',
    program,
    main,
    join(sources, 'thread-limit.cc'),
  ]);
}, 60_000);

/** The limit after each computation on as many threads as it allows, or fewer. */
function limitsAfter(maxThreads: number, uses: readonly Use[]): number[] {
  const input = uses
    .map(({ threads = 0, wallMs, cpus, preemptions }) => `${threads} ${wallMs} ${cpus} ${preemptions}`)
    .join('\n');
  const output = execFileSync(program, [String(maxThreads)], { input, encoding: 'utf8' });
  return output.trim().split('\n').map(Number);
}

const times = (count: number, use: Use): Use[] => Array.from({ length: count }, () => use);

test('all threads compute while no other process needs their CPUs', () => {
  const quiet = { wallMs: 20, cpus: 1.97, preemptions: 4 };
  expect(new Set(limitsAfter(2, times(100, quiet)))).toEqual(new Set([2]));
});

test('threads that wait idly, as in the graphs of a tiny model, have not lost their CPUs', () => {
  const tiny = { wallMs: 0.5, cpus: 1.6, preemptions: 0 };
  expect(new Set(limitsAfter(4, times(1000, tiny)))).toEqual(new Set([4]));
});

test('one busy process takes one thread', () => {
  const limits = limitsAfter(4, times(4, { wallMs: 60, cpus: 3.5, preemptions: 18 }));
  expect(limits.slice(0, 2)).toEqual([4, 3]);
  expect(limitsAfter(2, [{ wallMs: 300, cpus: 1.05, preemptions: 80 }])).toEqual([1]);
});

test('one thread is always left', () => {
  expect(limitsAfter(2, times(2, { wallMs: 100, cpus: 0.5, preemptions: 90 }))).toEqual([1, 1]);
});

test('threads are taken until the rest has CPUs of its own', () => {
  const limits = limitsAfter(8, [
    { wallMs: 120, cpus: 6.5, preemptions: 80 },
    { wallMs: 120, cpus: 5.5, preemptions: 40 },
    { wallMs: 120, cpus: 4.98, preemptions: 6 },
  ]);
  expect(limits).toEqual([6, 5, 5]);
});

test('all threads are tried again, more rarely each time that it fails', () => {
  // Every try loses a CPU; one thread alone loses none.
  const tries: number[] = [];
  const uses: Use[] = [];
  for (let at = 0; at < 300; at++) {
    const last = uses.length === 0 ? 2 : limitsAfter(2, uses).at(-1)!;
    if (last === 2) tries.push(at);
    uses.push({ wallMs: 100, cpus: last === 2 ? 1.4 : 1, preemptions: last === 2 ? 30 : 0 });
  }
  const pauses = tries.slice(1).map((at, index) => (at - tries[index]! - 1) * 100);
  expect(pauses.slice(0, 7)).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800]);
}, 30_000);

test('after the other process has ended, a try succeeds and the next one comes early again', () => {
  const busy = { wallMs: 100, cpus: 1.4, preemptions: 30 };
  const alone = { wallMs: 100, cpus: 1, preemptions: 0 };
  const free = { wallMs: 100, cpus: 2, preemptions: 0 };
  const limits = limitsAfter(2, [
    busy,
    ...times(2, alone),
    busy,
    ...times(4, alone),
    free,
    busy,
    ...times(2, alone),
  ]);
  expect(limits.slice(-5)).toEqual([2, 2, 1, 1, 2]);
});
