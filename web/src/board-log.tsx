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
            <time dateTime={at}>{format.moment(at)}</time> <strong>{message}</strong> <code>{fields}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}
