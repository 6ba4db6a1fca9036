import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme, remembered, themeOf } from './preferences.ts';

applyTheme(themeOf(remembered('theme')));
render(<App />, document.getElementById('page')!);
