/**
 * Compares plans with measurements: models of seven shapes, from 50 million to 1.1 billion parameters, each describe one
 * picture as planned; prints the planned and the measured peak of the engine's resident memory (VmHWM). Then the same in
 * memory cgroups of 512 MB to 8 GB, where each must run or be refused, and never be killed.
 *
 *   npm run bench:plan [-- --only WORDS] [--no-cgroups]
 *
 * The models are hollow (all weights are zero), so they take no disk; the cgroups need root. About ten minutes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { modelSchema } from '../../src/config/schema.ts';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import { messageOf, PlanError } from '../../src/domain/errors.ts';
import { setUpEngine } from '../../src/setup/engine.ts';
import type { EngineJob } from '../../src/setup/job.ts';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { clipLarge, type HollowShape, writeHollowModel } from '../test/hollow-model.ts';

const size = { width: 1280, height: 720 } as const;
const smallTower = { ...clipLarge, width: 512, blocks: 8, heads: 8, feedForward: 2048 } as const;
const shapes: Readonly<Record<string, HollowShape>> = {
  '50M F16, 1.6': shapeOf(512, 8, 8, 8, 1408, 'F16', '1.6', smallTower),
  '110M Q8_0, 1.5': shapeOf(768, 12, 12, 12, 2048, 'Q8_0', '1.5', smallTower),
  '160M Q4_0, 1.6': shapeOf(768, 16, 12, 12, 2816, 'Q4_0', '1.6', smallTower),
  '350M Q4_K, 1.6': shapeOf(1024, 24, 16, 4, 3584, 'Q4_K', '1.6', clipLarge),
  '500M Q5_K, 1.5': shapeOf(1280, 24, 20, 20, 3584, 'Q5_K', '1.5', clipLarge),
  '1B F16, 1.6': shapeOf(2048, 16, 32, 8, 8192, 'F16', '1.6', clipLarge),
  '1.1B Q4_0, 1.5': shapeOf(2048, 22, 32, 4, 5632, 'Q4_0', '1.5', clipLarge),
};
const limits = { '512 MB': 512e6, '1 GB': 1e9, '2 GB': 2e9, '4 GB': 4e9, '8 GB': 8e9 } as const;
const questions = ['Is the gate open?', 'Is a person there?', 'Is it dark?'];
const job: EngineJob = {
  pictureSizes: [size],
  prompts: [defaultPrompt],
  questions: [questions.map((ask, index) => ({ name: `q${index}`, ask, type: { kind: 'boolean' } }))],
};

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    'no-cgroups': { type: 'boolean', default: false },
    inside: { type: 'string' },
    folder: { type: 'string' },
  },
});

interface Outcome {
  readonly outcome: 'ran' | 'refused' | 'failed';
  readonly plannedBytes: number;
  readonly peakBytes: number;
  readonly note: string;
}

/** Plans for this machine, or for the cgroup that this process is in, and describes one picture. */
async function describeOnce(folder: string): Promise<Outcome> {
  // Short answers: a model of zeros never generates an end token.
  const model = modelSchema.parse({ path: folder, max_tokens: 16, threads: 2 });
  const files = { text: join(folder, 'hollow-text.gguf'), mmproj: join(folder, 'hollow-mmproj.gguf') };
  let setUp: Awaited<ReturnType<typeof setUpEngine>>;
  try {
    setUp = await setUpEngine(model, files, job);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return { outcome: 'refused', plannedBytes: error.neededBytes ?? 0, peakBytes: 0, note: error.message };
  }
  const plannedBytes = setUp.plan.memory.totalBytes;
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const engine = new EngineClient({ engine: setUp.options, deadlineMs: 600_000, log: silent });
  try {
    await engine.start();
    const picture = { size, bytes: await testPicture() };
    await engine.describe(
      { picture, prompt: job.prompts[0]!, questions: job.questions[0]! },
      AbortSignal.timeout(600_000),
    );
    const status = readFileSync(`/proc/${engine.pid}/status`, 'utf8');
    const peakBytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024;
    return { outcome: 'ran', plannedBytes, peakBytes, note: setUp.plan.degraded.join(', ') };
  } catch (error) {
    return { outcome: 'failed', plannedBytes, peakBytes: 0, note: messageOf(error) };
  } finally {
    await engine.close();
  }
}

function testPicture(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { ...size, channels: 3, background: 'black', noise } })
    .jpeg()
    .toBuffer();
}

function shapeOf(
  ...[width, blocks, heads, keyValueHeads, feedForward, type, packing, vision]: [
    number,
    number,
    number,
    number,
    number,
    HollowShape['text']['type'],
    HollowShape['packing'],
    HollowShape['vision'],
  ]
): HollowShape {
  return {
    text: { width, blocks, heads, keyValueHeads, feedForward, type, contextLength: 4096 },
    vision,
    packing,
  };
}

/** Runs this file on one model in a child process, within a memory limit if one is given. */
async function runInside(
  folder: string,
  limitBytes: number | null,
): Promise<Outcome & { readonly oomKills: number }> {
  const group = limitBytes === null ? null : makeGroup(limitBytes);
  const command = `${group ? `echo $$ > ${group}/cgroup.procs && ` : ''}exec "$0" "$@"`;
  const args = [
    join(import.meta.dirname, '../../bin/run-node'),
    import.meta.filename,
    '--inside',
    'yes',
    '--folder',
    folder,
  ];
  const { stdout, stderr, status, signal } = spawnSync('sh', ['-c', command, ...args], {
    encoding: 'utf8',
  });
  const oomKills = group ? oomKillsOf(group) : 0;
  if (group) await removeGroup(group);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0 && last.startsWith('{')) return { ...(JSON.parse(last) as Outcome), oomKills };
  const note = `${signal ?? `exit ${status}`} ${stderr.trim().split('\n').at(-1)}`;
  return { outcome: 'failed', plannedBytes: 0, peakBytes: 0, note, oomKills };
}

function makeGroup(limitBytes: number): string {
  const isV1 = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const group = join('/sys/fs/cgroup', isV1 ? 'memory' : '', `scenecast-bench-${process.pid}`);
  if (!isV1) writeFileSync('/sys/fs/cgroup/cgroup.subtree_control', '+memory');
  mkdirSync(group);
  writeFileSync(join(group, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes));
  return group;
}

/** Killed processes may take a moment to disappear from it. */
async function removeGroup(group: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

function oomKillsOf(group: string): number {
  const file = ['memory.oom_control', 'memory.events'].find((name) => existsSync(join(group, name)))!;
  return Number(/^oom_kill (\d+)/m.exec(readFileSync(join(group, file), 'utf8'))?.[1] ?? Number.NaN);
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)}`.padStart(6);

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'scenecast-bench-plan-'));
  let isBad = false;
  try {
    const chosen = Object.entries(shapes).filter(([name]) => name.includes(flags.only));
    const models = chosen.map(([name, shape], index) => {
      const place = join(folder, String(index));
      mkdirSync(place);
      writeHollowModel(place, shape);
      return { name, place };
    });
    console.log('model            planned  measured MiB  measured/planned');
    for (const { name, place } of models) {
      const { outcome, plannedBytes, peakBytes, note } = await runInside(place, null);
      const ratio = peakBytes / plannedBytes;
      const isGood = outcome === 'ran' && ratio <= 1 && ratio >= 0.9;
      if (!isGood) isBad = true;
      console.log(
        `${name.padEnd(16)} ${mebibytes(plannedBytes)}    ${mebibytes(peakBytes)}      ${ratio.toFixed(3)} ${isGood ? '' : `NOT within 10 % ${note}`}`,
      );
    }
    if (flags['no-cgroups']) return isBad ? 1 : 0;
    console.log(
      `\n${'memory limit'.padEnd(16)} ${Object.keys(limits)
        .map((limit) => limit.padEnd(22))
        .join('')}`,
    );
    for (const { name, place } of models) {
      let isAsPlannedWithoutLimit = false;
      const cells: string[] = [];
      for (const limit of Object.values(limits)) {
        // More memory makes no difference.
        if (isAsPlannedWithoutLimit) {
          cells.push('the same');
          continue;
        }
        const { outcome, peakBytes, oomKills, note } = await runInside(place, limit);
        isAsPlannedWithoutLimit = outcome === 'ran' && note === '';
        const isKilled = outcome === 'failed' || oomKills !== 0;
        if (isKilled) isBad = true;
        const ran = `ran, ${mebibytes(peakBytes).trim()} MiB${note && '*'}`;
        cells.push(isKilled ? `KILLED (${oomKills}) ${note}` : outcome === 'ran' ? ran : 'refused');
      }
      console.log(`${name.padEnd(16)} ${cells.map((cell) => cell.padEnd(22)).join('')}`);
    }
    console.log('* with less detail, shorter answers or a smaller KV type, as planned');
    return isBad ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (flags.inside !== undefined) console.log(JSON.stringify(await describeOnce(flags.folder!)));
else process.exitCode = await main();
