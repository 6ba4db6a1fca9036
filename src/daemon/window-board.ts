import { readCpuClocks } from '../board/cpu-clocks.ts';
import { CpuUse } from '../board/cpu-use.ts';
import { KernelFiles } from '../board/kernel-files.ts';
import { probeBoard } from '../board/probe-board.ts';
import { readTemperatures } from '../board/temperatures.ts';
import type { WindowBoard } from '../contract/window.ts';
import { detailOf } from '../planning/plan-engine.ts';
import type { OwnEngine, OwnEngines } from './own-engine.ts';
import type { RecentWarnings } from './recent-warnings.ts';

/** Reads what the window shows of the board. What cannot change is read once. */
export function boardReader(
  own: OwnEngines | null,
  warnings: RecentWarnings | null,
): () => Promise<WindowBoard> {
  const files = new KernelFiles('/');
  const use = new CpuUse(files);
  let fixed: ReturnType<typeof probeBoard> | null = null;
  return async () => {
    fixed ??= own ? Promise.resolve(own.board) : probeBoard();
    const [{ model, clusters }, loads, clocks, temperatures] = await Promise.all([
      fixed,
      use.read(),
      readCpuClocks(files),
      readTemperatures(files),
    ]);
    return {
      board: model,
      cpus: clusters.flatMap(({ name, cpus, maxClockMHz }) =>
        cpus.map((cpu) => ({
          cpu,
          cluster: name,
          load: loads.get(cpu) ?? null,
          allowed_mhz: clocks.get(cpu)?.allowedMHz ?? null,
          max_mhz: maxClockMHz,
        })),
      ),
      temperatures: temperatures.map(({ zone, celsius }) => ({ zone, celsius })),
      models: (own?.engines ?? []).map(modelOf),
      log: [...(warnings?.lines ?? [])],
    };
  };
}

function modelOf({ role, plan, info, client }: OwnEngine): WindowBoard['models'][number] {
  const { memory, expected } = plan;
  const loaded = info();
  const ms = (seconds: number): number => Math.round(seconds * 1000);
  return {
    role,
    name: loaded?.model ?? null,
    quant: loaded?.quant ?? null,
    build: loaded?.build ?? null,
    detail: detailOf(plan),
    image_tokens: plan.imageTokens,
    context_size: plan.contextSize,
    threads: plan.threads,
    cpus: plan.cpus && [...plan.cpus],
    expected: expected && {
      basis: expected.basis,
      total_ms: ms(expected.totalSeconds),
      encode_ms: ms(expected.encodeSeconds),
      prefill_ms: ms(expected.prefillSeconds),
      generate_ms: ms(expected.generateSeconds),
    },
    memory: {
      weights_bytes: memory.weightsBytes,
      vision_bytes: memory.visionBytes,
      context_bytes: memory.contextBytes,
      picture_bytes: memory.pictureBytes,
      process_bytes: memory.processBytes,
    },
    budget_bytes: plan.budgetBytes,
    restarts: client.restarts,
    reasons: { ...plan.reasons },
    degraded: [...plan.degraded],
  };
}
