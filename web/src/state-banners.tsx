import type { ComponentChildren } from 'preact';
import { useNow, usePage } from './page-context.ts';
import { type PageState, secondsLeft } from './page-state.ts';

/** What is wrong with the whole, in words with the remedy. Nothing is shown while all is well. */
export function StateBanners({ state }: { readonly state: PageState }) {
  const { texts, format } = usePage();
  const now = useNow();
  const { connection, window } = state;
  const says = texts.connection;
  if (connection === 'connecting') return <Banner>{says.connecting}</Banner>;
  const left = secondsLeft(state, now);
  const loading = window?.loading ?? null;
  const remote = window?.health?.remote_engine;
  return (
    <>
      {connection === 'lost' && <Banner isBad>{says.lost}</Banner>}
      {window?.role === 'viewer' && <Banner>{texts.tools.viewer}</Banner>}
      {loading !== null && (
        <Banner>
          {says.loading(format.percent(loading), left === null ? null : format.seconds(left * 1000))}{' '}
          <progress max={1} value={loading} aria-hidden="true" />
        </Banner>
      )}
      {window && !window.broker && <Banner>{says.noBroker}</Banner>}
      {window?.health?.engine === 'failing' && remote?.state !== 'failing' && (
        <Banner isBad>{says.engineFailing}</Banner>
      )}
      {remote?.state === 'failing' && <Banner isBad>{says.remoteFailing(remote.reason ?? '')}</Banner>}
      {window?.health?.board?.under_voltage === true && <Banner isBad>{texts.board.underVoltage}</Banner>}
    </>
  );
}

function Banner({
  isBad = false,
  children,
}: {
  readonly isBad?: boolean;
  readonly children: ComponentChildren;
}) {
  return <p class={isBad ? 'banner bad' : 'banner'}>{children}</p>;
}
