import type { WindowBoard, WindowState } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';
import { StackedBar } from './stacked-bar.tsx';

interface BoardMemoryProps {
  readonly window: WindowState;
  readonly models: WindowBoard['models'];
}

/** The memory of the board as one bar, and what the plan has for each model as others. */
export function BoardMemory({ window: { health }, models }: BoardMemoryProps) {
  const { texts, format } = usePage();
  const { board, memory } = health ?? {};
  if (!board || !memory) return null;
  const total = board.memory_total_bytes;
  const free = board.memory_available_bytes;
  const engine = memory.engine_bytes ?? 0;
  const daemon = memory.daemon_bytes;
  const others = Math.max(0, total - free - engine - daemon);
  const part = (name: string, size: number, isRest = false) => ({
    name,
    size,
    text: format.bytes(size),
    isRest,
  });
  const { parts, plannedParts } = texts.board;
  return (
    <section>
      <h2>{texts.board.memory}</h2>
      <p>{texts.board.memoryOf(format.bytes(total - free), format.bytes(total))}</p>
      <StackedBar
        parts={[
          part(parts.engine, engine),
          part(parts.daemon, daemon),
          part(parts.others, others),
          part(parts.free, free, true),
        ]}
      />
      {models.map(({ role, memory: planned }) => (
        <details key={role ?? ''}>
          <summary>
            {texts.board.planned}
            {role !== null && ` (${role})`}
          </summary>
          <StackedBar
            parts={[
              part(plannedParts.weights, planned.weights_bytes),
              part(plannedParts.vision, planned.vision_bytes),
              part(plannedParts.context, planned.context_bytes),
              part(plannedParts.picture, planned.picture_bytes),
              part(plannedParts.process, planned.process_bytes),
            ]}
          />
        </details>
      ))}
    </section>
  );
}
