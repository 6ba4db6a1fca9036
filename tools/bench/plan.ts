/**
 * Compares plans with measurements: models of seven shapes, from 50 million to 1.1 billion parameters, each describe
 * eight pictures as planned; prints the planned and the measured peak of the engine's resident memory (VmHWM). Then one
 * picture in memory cgroups of 512 MB to 8 GB, where each must run or be refused, and never be killed. Pairs of models are
 * planned and loaded at once, the quick one for questions alone.
 *
 *   npm run bench:plan [-- --only WORDS] [--no-cgroups]
 *
 * The models are hollow (all weights are zero), so they take no disk; the cgroups need root. About twenty minutes.
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
import { type EngineSetUp, setUpEngines } from '../../src/setup/engine.ts';
import type { EngineJob } from '../../src/setup/job.ts';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { clipLarge, type HollowShape, writeHollowModel } from '../test/hollow-model.ts';
import { memoryBytesOf } from './speed/contender.ts';

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
/** The quick and the thorough model of a board with two. */
const pairs: readonly (readonly [string, string])[] = [
  ['50M F16, 1.6', '350M Q4_K, 1.6'],
  ['110M Q8_0, 1.5', '1.1B Q4_0, 1.5'],
];
const limits = { '512 MB': 512e6, '1 GB': 1e9, '2 GB': 2e9, '4 GB': 4e9, '8 GB': 8e9 } as const;
/** After the first picture the heaps still grow, by some 30 MiB. */
const pictures = 8;
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
    inside: { type: 'string' }, // how many pictures
    folder: { type: 'string', multiple: true },
  },
});

interface Outcome {
  readonly outcome: 'ran' | 'refused' | 'failed';
  readonly plannedBytes: number;
  readonly peakBytes: number;
  readonly note: string;
}

/**
 * Plans for this machine, or for the cgroup that this process is in, and describes a picture so many times with each model: of
 * two, the first one only answers the questions, and the second one only describes.
 */
async function describeTimes(folders: readonly string[], count: number): Promise<Outcome> {
  // Short answers: a model of zeros never generates an end token.
  const models = folders.map((folder, index) => {
    const asks = index === 0;
    const describes = index === folders.length - 1;
    return {
      key: folders.length === 1 ? 'model' : `models.${describes ? 'thorough' : 'quick'}`,
      model: modelSchema.parse({ path: folder, max_tokens: 16, threads: 2 }),
      files: { text: join(folder, 'hollow-text.gguf'), mmproj: join(folder, 'hollow-mmproj.gguf') },
      job: { ...job, prompts: describes ? job.prompts : [], questions: asks ? job.questions : [[]] },
    };
  });
  let setUps: readonly EngineSetUp[];
  try {
    setUps = (await setUpEngines(models)).engines;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return { outcome: 'refused', plannedBytes: error.neededBytes ?? 0, peakBytes: 0, note: error.message };
  }
  const plannedBytes = sum(setUps.map(({ plan }) => plan.memory.totalBytes));
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const engines = setUps.map(
    ({ options }) => new EngineClient({ engine: options, deadlineMs: 600_000, log: silent }),
  );
  try {
    await Promise.all(engines.map((engine) => engine.start()));
    const picture = { size, bytes: await testPicture() };
    for (const [index, engine] of engines.entries()) {
      const { prompts, questions } = models[index]!.job;
      const request = { picture, prompt: prompts[0] ?? null, questions: questions[0]! };
      for (let time = 0; time < count; time++) await engine.describe(request, AbortSignal.timeout(600_000));
    }
    const peaks = await Promise.all(engines.map(({ pid }) => memoryBytesOf(pid!, 'VmHWM')));
    const note = setUps.flatMap(({ plan }) => plan.degraded).join(', ');
    return { outcome: 'ran', plannedBytes, peakBytes: sum(peaks), note };
  } catch (error) {
    return { outcome: 'failed', plannedBytes, peakBytes: 0, note: messageOf(error) };
  } finally {
    for (const engine of engines) await engine.close();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
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

/** Runs this file on one model, or two at once, in a child process, within a memory limit if one is given. */
async function runInside(
  folders: readonly string[],
  count: number,
  limitBytes: number | null = null,
): Promise<Outcome & { readonly oomKills: number }> {
  const group = limitBytes === null ? null : makeGroup(limitBytes);
  const command = `${group ? `echo $$ > ${group}/cgroup.procs && ` : ''}exec "$0" "$@"`;
  const args = [
    join(import.meta.dirname, '../../bin/run-node'),
    import.meta.filename,
    '--inside',
    `${count}`,
    ...folders.flatMap((folder) => ['--folder', folder]),
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
    const placeOf = (name: string): string => {
      const place = join(folder, String(Object.keys(shapes).indexOf(name)));
      if (!existsSync(place)) {
        mkdirSync(place);
        writeHollowModel(place, shapes[name]!);
      }
      return place;
    };
    const models = [
      ...chosen.map(([name]) => ({ name, places: [placeOf(name)] })),
      ...pairs
        .map((names) => ({ name: names.join(' + '), names }))
        .filter(({ name }) => name.includes(flags.only))
        .map(({ name, names }) => ({ name, places: names.map(placeOf) })),
    ];
    const width = Math.max(...models.map(({ name }) => name.length));
    console.log(`${'model'.padEnd(width)} planned  measured MiB  measured/planned`);
    for (const { name, places } of models) {
      const { outcome, plannedBytes, peakBytes, note } = await runInside(places, pictures);
      const ratio = peakBytes / plannedBytes;
      const isGood = outcome === 'ran' && ratio <= 1 && ratio >= 0.9;
      if (!isGood) isBad = true;
      console.log(
        `${name.padEnd(width)} ${mebibytes(plannedBytes)}    ${mebibytes(peakBytes)}      ${ratio.toFixed(3)} ${isGood ? '' : `NOT within 10 % ${note}`}`,
      );
    }
    if (flags['no-cgroups']) return isBad ? 1 : 0;
    console.log(
      `\n${'memory limit'.padEnd(width)} ${Object.keys(limits)
        .map((limit) => limit.padEnd(22))
        .join('')}`,
    );
    for (const { name, places } of models) {
      let isAsPlannedWithoutLimit = false;
      const cells: string[] = [];
      for (const limit of Object.values(limits)) {
        // More memory makes no difference.
        if (isAsPlannedWithoutLimit) {
          cells.push('the same');
          continue;
        }
        const { outcome, peakBytes, oomKills, note } = await runInside(places, 1, limit);
        isAsPlannedWithoutLimit = outcome === 'ran' && note === '';
        const isKilled = outcome === 'failed' || oomKills !== 0;
        if (isKilled) isBad = true;
        const ran = `ran, ${mebibytes(peakBytes).trim()} MiB${note && '*'}`;
        cells.push(isKilled ? `KILLED (${oomKills}) ${note}` : outcome === 'ran' ? ran : 'refused');
      }
      console.log(`${name.padEnd(width)} ${cells.map((cell) => cell.padEnd(22)).join('')}`);
    }
    console.log('* with less detail, shorter answers or a smaller KV type, as planned');
    return isBad ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (flags.inside !== undefined)
  console.log(JSON.stringify(await describeTimes(flags.folder ?? [], Number(flags.inside))));
else process.exitCode = await main();
