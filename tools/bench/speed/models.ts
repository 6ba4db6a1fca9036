import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { locateModel, type ModelFiles } from '../../../src/models/installed/locate.ts';
import { clipLarge, type HollowShape, vicuna7b, writeHollowModel } from '../../test/hollow-model.ts';
import { type DaemonSceneName, daemonSceneNames, type SceneName, sceneNames } from './scenes.ts';

const root = join(import.meta.dirname, '../../..');

export interface BenchModel {
  readonly name: string;
  /** Null: the demo model, which ends its answers itself. A hollow model never does: it generates `maxTokens`. */
  readonly shape: HollowShape | null;
  readonly maxTokens: number;
  /** The peer's context: it spends more tokens on a picture than Scenecast. */
  readonly peerContextSize: number;
  /** Descriptions a round. */
  readonly picturesPerRound: number;
  readonly scenes: readonly SceneName[];
  readonly daemonScenes: readonly DaemonSceneName[];
  /** A picture takes minutes: one round without warm-up, and the peer gets Scenecast's threads untried. */
  readonly isSlow?: boolean;
}

const text350m = {
  ...{ width: 1024, blocks: 24, heads: 16, keyValueHeads: 4, feedForward: 3584, contextLength: 4096 },
  type: 'Q4_K',
} as const;
const text1b = {
  ...{ width: 2048, blocks: 22, heads: 32, keyValueHeads: 4, feedForward: 5632, contextLength: 4096 },
  type: 'Q4_K',
} as const;
const hollow = {
  maxTokens: 60,
  peerContextSize: 3072,
  picturesPerRound: 1,
  scenes: ['changing'],
  daemonScenes: [],
} as const;
const towers = ['F16', 'Q8_0', 'Q4_0'] as const;

function hollowModels(name: string, text: HollowShape['text']): BenchModel[] {
  return towers.map((type) => ({
    ...hollow,
    name: `${name}-${type.toLowerCase()}`,
    shape: { text, vision: { ...clipLarge, type }, packing: '1.6' },
    // Drafts are off, and the gate does not depend on the model.
    scenes: type === 'Q8_0' && text === text350m ? ['changing', 'questions', 'busy', 'cold'] : hollow.scenes,
  }));
}

/** By name: the text's size, then the tower's type. All but `demo` have LLaVA's ViT-L/336. */
export const benchModels: readonly BenchModel[] = [
  {
    ...{ name: 'demo', shape: null, maxTokens: 64, peerContextSize: 4096, picturesPerRound: 6 },
    ...{ scenes: sceneNames, daemonScenes: daemonSceneNames },
  },
  ...hollowModels('350m', text350m),
  // One square: both sides prefill the same number of tokens.
  {
    ...hollow,
    name: '350m-square-q8_0',
    shape: { text: text350m, vision: { ...clipLarge, type: 'Q8_0' }, packing: '1.5' },
  },
  ...hollowModels('1.1b', text1b),
  { ...hollow, name: '7b-f16', shape: vicuna7b, maxTokens: 30, isSlow: true },
];

/** The model's files; hollow ones are written here, and take no disk space. */
export function filesOf({ name, shape }: BenchModel): Promise<ModelFiles> {
  if (!shape) return locateModel(join(root, 'models/demo'));
  const folder = join(root, 'build/bench/models', name);
  mkdirSync(folder, { recursive: true });
  writeHollowModel(folder, shape);
  return locateModel(folder);
}
