import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { WindowSession } from '../../src/contract/window.ts';
import { post } from './api.ts';
import { Icon } from './icon.tsx';
import { usePage } from './page-context.ts';
import { applyTheme, remember, remembered, themeOf, themes } from './preferences.ts';
import type { Route, View } from './route.ts';
import { languages } from './text/texts.ts';

interface ShellProps {
  readonly route: Route;
  /** The views that there are for this reader. */
  readonly views: readonly View[];
  /** What people call the board. */
  readonly name: string;
  readonly session: WindowSession | null;
  readonly isLoggedIn: boolean;
  readonly onLanguage: (code: string) => void;
  readonly onLogout: (session: WindowSession) => void;
  readonly children: ComponentChildren;
}

/** What is around every view: its name, the way to the others, and the reader's choices. */
export function Shell({
  route,
  views,
  name,
  session,
  isLoggedIn,
  onLanguage,
  onLogout,
  children,
}: ShellProps) {
  const { texts } = usePage();
  const [theme, setTheme] = useState(() => themeOf(remembered('theme')));
  // Phones have no room for the choices; elsewhere they are always there.
  const [areToolsOpen, setToolsOpen] = useState(false);
  const chooseTheme = (value: string): void => {
    const chosen = themeOf(value);
    remember('theme', chosen);
    applyTheme(chosen);
    setTheme(chosen);
  };
  // Without a connection, the page says so elsewhere.
  const logOut = (): void => void post<WindowSession>('logout', {}).then(onLogout, () => {});
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        {texts.nav.skip}
      </button>
      <header>
        <p class="brand">
          <img src="icon.svg" alt="" width={32} height={32} />
          <span>
            <strong>Scenecast</strong> <span>{name}</span>
          </span>
        </p>
        {isLoggedIn && (
          <nav aria-label={texts.nav.label}>
            {views.map((view) => (
              <a key={view} href={`#${view}`} aria-current={view === route.view ? 'page' : undefined}>
                <Icon name={view} />
                <span>{texts.nav[view]}</span>
              </a>
            ))}
          </nav>
        )}
        <button
          type="button"
          class="options"
          aria-expanded={areToolsOpen}
          aria-controls="tools"
          onClick={() => setToolsOpen(!areToolsOpen)}
        >
          <Icon name="options" />
          <span>{texts.tools.title}</span>
        </button>
        <div id="tools" class={areToolsOpen ? 'tools open' : 'tools'}>
          <label>
            <span class="unseen">{texts.tools.language}</span>
            <select value={texts.code} onChange={(event) => onLanguage(event.currentTarget.value)}>
              {languages.map(({ code, language }) => (
                <option key={code} value={code} lang={code}>
                  {language}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span class="unseen">{texts.tools.theme}</span>
            <select value={theme} onChange={(event) => chooseTheme(event.currentTarget.value)}>
              {themes.map((each) => (
                <option key={each} value={each}>
                  {texts.tools.themes[each]}
                </option>
              ))}
            </select>
          </label>
          {session?.login === true && session.role !== null && (
            <button type="button" onClick={logOut}>
              {texts.tools.logOut}
            </button>
          )}
        </div>
      </header>
      {children}
    </div>
  );
}
