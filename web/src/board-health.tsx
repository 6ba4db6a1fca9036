import type { WindowBoard, WindowState } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';

interface BoardHealthProps {
  readonly window: WindowState;
  readonly models: WindowBoard['models'];
}

/** Engine, broker and outbox, as of the newest health message. */
export function BoardHealth({ window: { health, broker }, models }: BoardHealthProps) {
  const { texts, format } = usePage();
  const says = texts.board;
  const { outbox, timing_ms, tokens_per_second, frames } = health ?? {};
  const rows: (readonly [name: string, value: string])[] = [];
  rows.push([says.broker, broker ? says.connected : says.away]);
  if (health) rows.push([says.engine, says.engineStates[health.engine]]);
  const restarts = models.reduce((sum, model) => sum + model.restarts, 0);
  if (restarts > 0) rows.push([says.restarts, format.number(restarts)]);
  if (health) rows.push([says.queue, format.number(health.queue_depth)]);
  if (outbox) rows.push([says.outbox, format.number(outbox.depth)]);
  if (timing_ms) rows.push([says.time, `${format.seconds(timing_ms.p50)}, ${format.seconds(timing_ms.p95)}`]);
  if (tokens_per_second !== undefined) rows.push([says.speed, format.number(tokens_per_second, 1)]);
  if (frames)
    rows.push([
      says.frames,
      says.framesText(
        format.number(frames.captured),
        format.number(frames.described),
        format.number(frames.unchanged),
        format.number(frames.failed),
      ),
    ]);
  return (
    <section>
      <h2>{says.health}</h2>
      <dl class="facts-list">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {outbox && outbox.fault !== null && <p class="fault">{outbox.fault}</p>}
    </section>
  );
}
