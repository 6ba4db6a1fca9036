import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import type { LoadOptions } from '../../src/vision/native/load-options.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';

/** The addon under test; SCENECAST_ADDON names another build of it. */
export const addon = loadAddon(process.env['SCENECAST_ADDON']);
addon.loadBackends(backendsDir());

// Threads that wait for each other take long on a machine that is busy with other things.
vi.setConfig({ testTimeout: 180_000 });

const engines: MtmdEngine[] = [];

/** A folder that is gone after the test file. */
export const folder = mkdtempSync(join(tmpdir(), 'scenecast-native-'));
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** Loads a model on one thread (so that sums have one order); closed after the test file. */
export async function open(
  model: Pick<LoadOptions, 'textPath' | 'mmprojPath'>,
  options: Partial<LoadOptions> = {},
): Promise<MtmdEngine> {
  const { textPath, mmprojPath } = model;
  const engine = await addon.load({ textPath, mmprojPath, threads: 1, ...options });
  engines.push(engine);
  return engine;
}

/** Bytes that look like nothing, the same every time. */
export function noise(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * index * 31 + index * (7919 + seed)) % 256);
}

/** Samples `count` tokens greedily, after logits were asked for. */
export async function generate(engine: MtmdEngine, count: number): Promise<number[]> {
  engine.setSampler({ temperature: 0 });
  const tokens = [engine.sample()];
  while (tokens.length < count) tokens.push(await engine.step(tokens.at(-1)!));
  return tokens;
}
