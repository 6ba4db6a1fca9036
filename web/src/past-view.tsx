import { useEffect, useId, useState } from 'preact/hooks';
import type { WindowHistory, WindowState } from '../../src/contract/window.ts';
import { get } from './api.ts';
import { Fault } from './fault.tsx';
import { usePage } from './page-context.ts';
import { PastRow } from './past-row.tsx';
import { useCommand } from './use-command.ts';

interface Search {
  readonly text: string;
  /** Empty: all. */
  readonly camera: string;
}

const everything: Search = { text: '', camera: '' };

/** Past descriptions: the newest, or those that have the words. A list that is being read does not change by itself. */
export function PastView({ window }: { readonly window: WindowState }) {
  const { texts } = usePage();
  const field = useId();
  const command = useCommand();
  const [typed, setTyped] = useState(everything);
  const [searched, setSearched] = useState(everything);
  const [found, setFound] = useState<WindowHistory | null>(null);
  const find = (search: Search, after: WindowHistory | null): void =>
    command.run(async () => {
      const page = await get<WindowHistory>(`history?${queryOf(search, after?.next ?? null)}`);
      setSearched(search);
      setFound({ ...page, entries: [...(after?.entries ?? []), ...page.entries] });
    });
  useEffect(() => {
    if (window.history) find(everything, null);
  }, [window.history]);
  if (!window.history)
    return (
      <div class="empty">
        <h1>{texts.past.title}</h1>
        <p>
          <strong>{texts.past.off}</strong>
        </p>
        <p>{texts.past.offWhy}</p>
      </div>
    );
  return (
    <>
      <h1 class="unseen">{texts.past.title}</h1>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          find(typed, null);
        }}
      >
        <label for={field}>{texts.past.search}</label>
        <input
          id={field}
          type="search"
          maxLength={200}
          value={typed.text}
          onInput={(event) => setTyped({ ...typed, text: event.currentTarget.value })}
        />
        <label>
          {texts.past.camera}{' '}
          <select
            value={typed.camera}
            onChange={(event) => setTyped({ ...typed, camera: event.currentTarget.value })}
          >
            <option value="">{texts.past.all}</option>
            {Object.entries(window.cameras).map(([key, { name }]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="main" aria-busy={command.isBusy}>
          {texts.past.find}
        </button>
      </form>
      <Fault command={command} />
      {found?.entries.length === 0 && <p>{texts.past.none}</p>}
      <ol class="past">
        {found?.entries.map((entry) => (
          <PastRow
            key={entry.number}
            entry={entry}
            camera={window.cameras[entry.camera]}
            searched={searched.text}
          />
        ))}
      </ol>
      {found && found.next !== null && (
        <button type="button" aria-busy={command.isBusy} onClick={() => find(searched, found)}>
          {texts.past.more}
        </button>
      )}
    </>
  );
}

function queryOf({ text, camera }: Search, cursor: number | null): string {
  return new URLSearchParams({
    ...(text.trim() !== '' && { text: text.trim() }),
    ...(camera !== '' && { camera }),
    ...(cursor !== null && { cursor: String(cursor) }),
  }).toString();
}
