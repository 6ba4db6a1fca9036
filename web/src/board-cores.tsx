import type { WindowBoard } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';

interface BoardCoresProps {
  readonly board: WindowBoard;
  /** null: the board does not say. */
  readonly isThrottled: boolean | null;
}

/** The cores by cluster with their load and clock, and the temperatures. */
export function BoardCores({ board: { cpus, temperatures }, isThrottled }: BoardCoresProps) {
  const { texts, format } = usePage();
  const clusters = new Map<string, typeof cpus>();
  for (const each of cpus) {
    const name = each.max_mhz === null ? each.cluster : `${each.cluster}, ${format.number(each.max_mhz)} MHz`;
    clusters.set(name, [...(clusters.get(name) ?? []), each]);
  }
  return (
    <section>
      <h2>{texts.board.cores}</h2>
      {isThrottled === true && <p class="fault">{texts.board.throttled}</p>}
      {[...clusters].map(([name, members]) => (
        <div key={name}>
          <h3>{name}</h3>
          <ul class="cores">
            {members.map(({ cpu, load, allowed_mhz, max_mhz }) => (
              <li key={cpu}>
                <span>{texts.board.core(cpu)}</span>{' '}
                <meter min={0} max={1} value={load ?? 0} aria-label={texts.board.core(cpu)} />{' '}
                <span>{load === null ? '–' : format.percent(load)}</span>
                {allowed_mhz !== null && max_mhz !== null && allowed_mhz < max_mhz && (
                  <span class="fault">
                    {texts.board.clockLimited} {format.number(allowed_mhz)} MHz
                  </span>
                )}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {temperatures.length > 0 && (
        <>
          <h3>{texts.board.temperatures}</h3>
          <dl class="facts-list">
            {temperatures.map(({ zone, celsius }, index) => (
              <div key={`${zone} ${index}`}>
                <dt>{zone}</dt>
                <dd>{format.number(celsius, 1)} °C</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}
