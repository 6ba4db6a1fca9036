/**
 * Measures what the window costs the daemon: `scenecast run` with the demo model and drawn cameras, on a real mosquitto.
 *
 *   npm run bench:window -- [--seconds 600] [--pages 50] [--only idle|pages|stuck]
 *
 * 1. idle: its memory with and without the window, while nothing is described and no page is open; three of each in turn
 * 2. pages: the share of a core that `pages` open pages cost, each of which also gets the picture of every description (one
 *    in three seconds), and the memory that the daemon has allocated, from the first to the last quarter of `seconds`. Its
 *    garbage has little room: with as much as users' has, it rises and falls by 50 MB within minutes, without pages too
 * 3. stuck: a page that never reads, beside five that do, while eight cameras are looked at ten times a second
 *
 * Memory is PSS without the engine process; that of pages without files. Exits with 1 if a mark is missed.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Mosquitto } from '../test/mosquitto.ts';
import { wholeOption } from '../test/whole-option.ts';
import { MeasuredDaemon } from './window/measured-daemon.ts';
import { OpenPage } from './window/open-page.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    pages: { type: 'string', default: '50' },
    only: { type: 'string' },
  },
});
const seconds = wholeOption('seconds', values.seconds, 20);
const pageCount = wholeOption('pages', values.pages, 1);

const marks = { idleMegabytes: 10, coreShare: 0.05, growthMegabytes: 5, stuckSeconds: 300 } as const;
/** Until a daemon that was just started needs no more memory. */
const settleMs = 15_000;
const idleRounds = 3;
/** Enough: the daemon holds about 35 MB. */
const pagesHeapMegabytes = 48;

const scene = { type: 'scene', seed: 900_000, size: '336x336' };
const idleCameras = { still: { source: { ...scene, every: '1h' }, interval: '1h' } };
const demoCameras = { drawn: { source: { ...scene, every: '2500ms' }, interval: '3s' } };
const busyCameras = Object.fromEntries(
  Array.from({ length: 8 }, (_, index) => [
    `busy${index}`,
    { source: { ...scene, every: '1h' }, interval: '100ms' },
  ]),
);

const parts = { idle, pages, stuck };
if (values.only !== undefined && !Object.hasOwn(parts, values.only))
  throw new Error(`--only ${values.only}: must be ${Object.keys(parts).join(', ')}`);

const broker = await Mosquitto.start();
let isGood = true;
try {
  console.log(row('', 'measured', 'mark', 'load'));
  for (const [name, measure] of Object.entries(parts))
    if (values.only === undefined || values.only === name) await measure();
} finally {
  await broker.close();
}
process.exitCode = isGood ? 0 : 1;

async function idle(): Promise<void> {
  const costs: number[] = [];
  for (let round = 0; round < idleRounds; round++) {
    const without = await idleMegabytes(false);
    costs.push((await idleMegabytes(true)) - without);
  }
  const cost = costs.sort((a, b) => a - b)[Math.floor(idleRounds / 2)]!;
  report(
    'idle, no page open',
    `${cost.toFixed(1)} MB`,
    `< ${marks.idleMegabytes} MB`,
    cost < marks.idleMegabytes,
  );
}

async function idleMegabytes(hasWindow: boolean): Promise<number> {
  const daemon = await MeasuredDaemon.start(broker.url, { hasWindow, cameras: idleCameras });
  try {
    await sleep(settleMs);
    return daemon.megabytes;
  } finally {
    await daemon.close();
  }
}

async function pages(): Promise<void> {
  const daemon = await MeasuredDaemon.start(broker.url, {
    ...{ hasWindow: true, cameras: demoCameras },
    heapMegabytes: pagesHeapMegabytes,
  });
  const open: OpenPage[] = [];
  try {
    await sleep(settleMs);
    const without = await coreShare(daemon, Math.min(seconds, 120));
    for (let index = 0; index < pageCount; index++) open.push(await OpenPage.open(daemon.port));
    const samples: number[] = [];
    const sampler = setInterval(() => samples.push(daemon.ownMegabytes), 1000);
    const share = (await coreShare(daemon, seconds)) - without;
    clearInterval(sampler);
    const quarter = Math.ceil(samples.length / 4);
    const quarters = [0, 1, 2, 3].map((index) =>
      Math.min(...samples.slice(index * quarter, (index + 1) * quarter)),
    );
    const [first, last] = [quarters[0]!, quarters.at(-1)!];
    const growth = last - first;
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    const name = `${pageCount} pages`;
    report(
      `${name}: share of a core`,
      percent(share),
      `< ${percent(marks.coreShare)}`,
      share < marks.coreShare,
    );
    report(`  the daemon without pages`, percent(without), '', true);
    report(
      `${name}: memory grows in ${seconds} s`,
      `${growth.toFixed(1)} MB of ${last.toFixed(0)}`,
      `< ${marks.growthMegabytes} MB`,
      growth < marks.growthMegabytes,
    );
    report('  least in each quarter', `${quarters.map((each) => each.toFixed(1)).join(', ')} MB`, '', true);
    const heard = open.map(({ observations }) => observations);
    const pictures = open.map((page) => page.pictures);
    // One may be on its way.
    const areAllTold = Math.max(...heard) - Math.min(...heard) <= 1 && Math.min(...heard) > 0;
    const isEachShown = Math.min(...pictures) >= Math.min(...heard) - 1;
    report(
      `${name}: descriptions, pictures for each`,
      `${Math.min(...heard)}, ${Math.min(...pictures)}`,
      'all',
      areAllTold && isEachShown && open.every(({ isOpen }) => isOpen),
    );
  } finally {
    for (const page of open) page.close();
    await daemon.close();
  }
}

async function coreShare(daemon: MeasuredDaemon, forSeconds: number): Promise<number> {
  const [startMs, start] = [performance.now(), daemon.cpuSeconds];
  await sleep(forSeconds * 1000);
  return (daemon.cpuSeconds - start) / ((performance.now() - startMs) / 1000);
}

async function stuck(): Promise<void> {
  const daemon = await MeasuredDaemon.start(broker.url, { hasWindow: true, cameras: busyCameras });
  const open: OpenPage[] = [];
  try {
    for (let index = 0; index < 5; index++) open.push(await OpenPage.open(daemon.port));
    await sleep(settleMs);
    const before = daemon.connections;
    const start = daemon.megabytes;
    open.push(await OpenPage.open(daemon.port, false));
    const startMs = performance.now();
    let peak = start;
    let tookSeconds = 0;
    while (daemon.connections > before && tookSeconds < marks.stuckSeconds) {
      await sleep(500);
      peak = Math.max(peak, daemon.megabytes);
      tookSeconds = (performance.now() - startMs) / 1000;
    }
    const isDropped = daemon.connections <= before;
    report(
      'a page that never reads is dropped after',
      isDropped ? `${tookSeconds.toFixed(0)} s` : 'never',
      `< ${marks.stuckSeconds} s`,
      isDropped,
    );
    report('  the daemon grew meanwhile by', `${(peak - start).toFixed(1)} MB`, '', true);
    const others = open.slice(0, 5);
    report(
      '  and of five others are open',
      `${others.filter(({ isOpen }) => isOpen).length}`,
      '5',
      others.every(({ isOpen }) => isOpen),
    );
  } finally {
    for (const page of open) page.close();
    await daemon.close();
  }
}

function report(what: string, measured: string, mark: string, isMet: boolean): void {
  if (!isMet) isGood = false;
  console.log(row(what, measured, isMet ? mark : `${mark} MISSED`, loadavg()[0]!.toFixed(2)));
}

function row(what: string, measured: string, mark: string, load: string): string {
  return `${what.padEnd(44)} ${measured.padEnd(18)} ${mark.padEnd(16)} ${load}`.trimEnd();
}
