import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { WindowSession, WindowState } from '../../src/contract/window.ts';
import { AimView } from './aim-view.tsx';
import { get } from './api.ts';
import { BoardView } from './board-view.tsx';
import { formatOf } from './format.ts';
import { Live } from './live.ts';
import { LoginView } from './login-view.tsx';
import { NowView } from './now-view.tsx';
import { PageContext } from './page-context.ts';
import { atFirst, type PageState } from './page-state.ts';
import { PastView } from './past/past-view.tsx';
import { remember } from './preferences.ts';
import { type Route, type View, views } from './route.ts';
import { RulesView } from './rules/rules-view.tsx';
import { Shell } from './shell.tsx';
import { StateBanners } from './state-banners.tsx';
import { TeachView } from './teach/teach-view.tsx';
import { localeOf, textsOf } from './text/texts.ts';
import { useRoute } from './use-route.ts';

const useEveryMs = 3_600_000;

/** The whole page: the view that the address names, or the login. */
export function App() {
  const [texts, setTexts] = useState(() => textsOf(null));
  const [session, setSession] = useState<WindowSession | null>(null);
  const [state, setState] = useState<PageState>(atFirst);
  const [announced, announce] = useState('');
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const live = useMemo(() => new Live(setSession), []);

  const begin = (): void => {
    get<WindowSession>('session').then(setSession, () => {
      // Until the board answers, the connection says that it does not.
      live.open();
    });
  };
  useEffect(begin, []);
  useEffect(() => live.subscribe(() => setState(live.state)), [live]);
  useEffect(() => {
    if ((session?.role ?? null) === null) return;
    live.open();
    return () => live.close();
  }, [live, session?.role]);
  useEffect(() => {
    // Events do not count as use: without this, the session of a page that is always open would end.
    const timer = setInterval(() => void get('session').catch(() => {}), useEveryMs);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    document.documentElement.lang = texts.code;
  }, [texts]);
  // Who goes to another view by keyboard or screen reader goes on reading there.
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [route.view]);

  const page = useMemo(() => ({ texts, format: formatOf(localeOf(texts)), live, announce }), [texts, live]);
  const needsLogin = session !== null && session.role === null;
  const choose = (code: string): void => {
    remember('language', code);
    setTexts(textsOf(code));
  };

  return (
    <PageContext.Provider value={page}>
      <Shell
        route={route}
        views={viewsFor(state.window)}
        name={state.window?.name ?? 'Scenecast'}
        session={session}
        isLoggedIn={!needsLogin}
        onLanguage={choose}
        onLogout={setSession}
      >
        <main id="content" tabIndex={-1} ref={main}>
          {needsLogin ? (
            <LoginView onLogin={setSession} />
          ) : (
            <>
              <StateBanners state={state} />
              <ViewOf state={state} route={route} />
            </>
          )}
        </main>
      </Shell>
      <output class="unseen">{announced}</output>
    </PageContext.Provider>
  );
}

/** Without kept pictures, or for a reader who may not label them, there is nothing to teach. */
function viewsFor(window: WindowState | null): readonly View[] {
  const canTeach = window?.labels === true && window.role === 'owner';
  return views.filter((view) => view !== 'teach' || canTeach);
}

function ViewOf({ state, route }: { readonly state: PageState; readonly route: Route }) {
  const { window } = state;
  // The banner says that the page is connecting.
  if (!window) return null;
  switch (route.view) {
    case 'aim':
      return <AimView window={window} gates={state.gates} camera={route.camera} />;
    case 'past':
      return <PastView window={window} route={route} />;
    case 'rules':
      return <RulesView window={window} />;
    case 'teach':
      return <TeachView key={`${route.camera} ${route.question}`} window={window} route={route} />;
    case 'board':
      return <BoardView window={window} />;
    default:
      return <NowView window={window} seen={state.seen} covered={state.covered} />;
  }
}
