import { basename } from 'node:path';
import { backendsDir } from '../vision/native/addon.ts';
import type { EngineFacts } from '../vision/one-shot/inspect-engine-request.ts';

export interface EngineReport {
  readonly facts: EngineFacts;
  /** The processor's features, named as in src/board/board.ts. */
  readonly cpuFeatures: readonly string[];
  /** Path of the tuned module for this processor, whether it is built or not; null: there is none. */
  readonly suitable: string | null;
}

/** Which CPU module is in use, tuned or prebuilt, and why. */
function originOf({ facts, cpuFeatures, suitable }: EngineReport): {
  origin: 'tuned' | 'prebuilt';
  reason: string;
} {
  const { module } = facts.cpu;
  if (!module.startsWith(backendsDir())) {
    return { origin: 'tuned', reason: `the processor has ${cpuFeatures.join(', ')}` };
  }
  const reason =
    facts.failure ??
    (suitable === null
      ? 'none of the tuned modules is better for this processor'
      : `${suitable} is not built: run scripts/build-cpu.sh`);
  return { origin: 'prebuilt', reason };
}

/** The report as text. */
export function engineText(report: EngineReport): string {
  const { cpu, build } = report.facts;
  const { origin, reason } = originOf(report);
  const lines = [
    ['module', basename(cpu.module)],
    ['path', cpu.module],
    ['origin', `${origin === 'tuned' ? 'Scenecast, tuned' : 'node-llama-cpp, prebuilt'}: ${reason}`],
    ['features', featureList(cpu.features).join(' ')],
    ['processor', [cpu.name, report.cpuFeatures.join(' ')].filter(Boolean).join(': ')],
    ['build', build],
  ];
  return lines.map(([name, value]) => `${name!.padEnd(10)} ${value}`).join('\n');
}

/** The report as one JSON object. A published format: names in snake case. */
export function engineJson(report: EngineReport): object {
  const { cpu, build } = report.facts;
  return {
    module: { name: basename(cpu.module), path: cpu.module, ...originOf(report), features: cpu.features },
    processor: { name: cpu.name, features: report.cpuFeatures },
    build,
  };
}

/** Features that the module was compiled for and the processor has, with values other than 1. */
function featureList(features: Readonly<Record<string, string>>): string[] {
  return Object.entries(features)
    .filter(([, value]) => value !== '0')
    .map(([name, value]) => (value === '1' ? name : `${name}=${value}`));
}
