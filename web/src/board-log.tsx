import type { WindowBoard } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';

/** The last warnings and errors, newest first. */
export function BoardLog({ lines }: { readonly lines: WindowBoard['log'] }) {
  const { texts, format } = usePage();
  return (
    <section class="wide">
      <h2>{texts.board.warnings}</h2>
      {lines.length === 0 && <p>{texts.board.noWarnings}</p>}
      <ol class="log">
        {lines.map(({ at, level, message, fields }, index) => (
          <li key={`${at} ${index}`} class={level}>
            <p>
              <time dateTime={at}>{format.moment(at)}</time> <strong>{message}</strong>
            </p>
            <ul class="chips">
              {fieldsOf(fields).map(([name, value]) => (
                <li key={name}>
                  <span class="aside">{name}</span> {value}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The fields of a line of the log; a text that was cut short is shown as it is. */
function fieldsOf(json: string): [name: string, value: string][] {
  try {
    const fields = JSON.parse(json) as Record<string, unknown>;
    return Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
  } catch {
    return [['', json]];
  }
}
