export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** A choice that this browser remembers; null: none, or it keeps nothing. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`scenecast.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`scenecast.${key}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts until the page is closed.
  }
}

export function themeOf(text: string | null): Theme {
  return themes.find((theme) => theme === text) ?? 'auto';
}

/** `auto` leaves it to the system. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
