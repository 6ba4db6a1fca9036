import type { WindowState } from '../../../src/contract/window.ts';
import { usePage } from '../page-context.ts';
import { wordsOf } from '../words-of.ts';

/** The last alerts since the board started, newest first. */
export function AlertList({ window: { alerts, cameras } }: { readonly window: WindowState }) {
  const { texts, format } = usePage();
  const says = texts.watch;
  if (alerts.length === 0) return null;
  return (
    <section class="card" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{says.alerts}</h2>
      <ol class="alerts">
        {alerts.map(({ id, camera, rule, watch, note, state, at, summary }) => {
          const name =
            rule === null ? (note ?? says.watch) : (cameras[camera]?.rule_specs[rule]?.name ?? wordsOf(rule));
          return (
            <li key={`${id} ${rule ?? watch}`}>
              <time dateTime={at}>{format.moment(at)}</time> <strong>{name}</strong>{' '}
              {rule === null ? says.cameTrue : texts.rules.states[state]}{' '}
              <small>{cameras[camera]?.name ?? camera}</small>
              {summary !== null && <p class="sentence">{summary}</p>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
