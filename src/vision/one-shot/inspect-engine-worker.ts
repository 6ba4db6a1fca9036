import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import type { EngineFacts, InspectEngineRequest } from './inspect-engine-request.ts';
import { serveParent } from './one-shot-child.ts';

serveParent(async ({ textPath, mmprojPath, cpuModule }: InspectEngineRequest): Promise<EngineFacts> => {
  const addon = loadAddon();
  const failure = loadCpuModule(addon, cpuModule);
  const engine = await addon.load({ textPath, mmprojPath, contextSize: 256, threads: 1 });
  const { cpu, build } = engine.info;
  await engine.close();
  return { cpu, build, failure };
});
