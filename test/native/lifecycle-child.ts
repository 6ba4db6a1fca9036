import { isMainThread, Worker } from 'node:worker_threads';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';

// A process that ends in the middle of things; the argument says how. Run by lifecycle.test.ts.

const [mode, textPath, mmprojPath] = process.argv.slice(2) as [string, string, string];
const addon = loadAddon(process.env['SCENECAST_ADDON']);
addon.loadBackends(backendsDir());
const load = (): Promise<MtmdEngine> =>
  addon.load({ textPath, mmprojPath, threads: 1, onProgress: () => {} });
const pixels = new Uint8Array(1120 * 1120 * 3);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

if (!isMainThread) {
  addon.setLogger(() => {});
  const engine = await load();
  if (mode === 'thread-terminated') {
    void engine.encodeTile(pixels);
    const { parentPort } = await import('node:worker_threads');
    parentPort!.postMessage('encoding');
  }
} else if (mode.startsWith('thread')) {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  worker.on('error', (error) => console.log(error));
  if (mode === 'thread-terminated')
    worker.once('message', () => setTimeout(() => void worker.terminate(), 50));
  worker.on('exit', () => console.log(`${mode} done`));
} else if (mode === 'exit-loading') {
  void load();
  finish();
} else if (mode === 'drop') {
  const residentMb: number[] = [];
  for (let round = 0; round < 40; round++) {
    await (await load()).decodeTokens(new Int32Array(100));
    for (let sweep = 0; sweep < 3; sweep++) {
      await pause(1);
      globalThis.gc?.();
    }
    residentMb.push(process.memoryUsage.rss() / 1e6);
  }
  const grownMb = residentMb.at(-1)! - residentMb[19]!;
  console.log(
    // Kept, 20 engines leave over 500 MB; on a busy machine what is freed late comes to 130.
    grownMb < 250 ? `${mode} done` : `20 dropped engines left ${grownMb} MB: ${residentMb.map(Math.round)}`,
  );
} else {
  const engine = await load();
  if (mode === 'exit-encoding') {
    void engine.encodeTile(pixels);
    await pause(50);
  }
  if (mode === 'leave') console.log(`${mode} done`);
  else finish();
}

function finish(): never {
  console.log(`${mode} done`);
  process.exit(7);
}
