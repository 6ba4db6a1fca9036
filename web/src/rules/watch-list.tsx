import type { WindowState } from '../../../src/contract/window.ts';
import { post } from '../api.ts';
import { Fault } from '../fault.tsx';
import { usePage } from '../page-context.ts';
import { useCommand } from '../use-command.ts';
import { watchText } from './watch-condition.ts';
import { WatchForm } from './watch-form.tsx';

/** What the board waits for now, and a form for more. */
export function WatchList({ window: { watches, cameras, allowed } }: { readonly window: WindowState }) {
  const { texts, format } = usePage();
  const says = texts.watch;
  const command = useCommand();
  if (!allowed.watch && watches.length === 0) return null;
  return (
    <section class="card watches" aria-labelledby="watches-title">
      <h2 id="watches-title">{says.title}</h2>
      {allowed.watch && <WatchForm cameras={cameras} />}
      <ul>
        {watches.map(({ watch, camera, when, every_s, until, note }) => (
          <li key={watch}>
            <span>
              {says.when(watchText(when, cameras[camera], texts, format))}{' '}
              <small>{cameras[camera]?.name ?? camera}</small>
              {note !== null && <em> {note}</em>}
              <br />
              <time class="facts" dateTime={until}>
                {says.until(format.moment(until))}
              </time>
              {every_s !== null && (
                <span class="facts"> · {says.looksEvery(format.duration(every_s * 1000))}</span>
              )}
            </span>
            {allowed.watch && (
              <button
                type="button"
                class="small"
                aria-disabled={command.isBusy}
                onClick={() => command.run(async () => void (await post('commands/unwatch', { watch })))}
              >
                {says.end}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Fault command={command} />
    </section>
  );
}
