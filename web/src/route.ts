export const views = ['now', 'past', 'rules', 'teach', 'aim', 'board'] as const;
export type View = (typeof views)[number];

export interface Route {
  readonly view: View;
  /** null: the first one. */
  readonly camera: string | null;
  /** null: none. */
  readonly question: string | null;
  readonly query: Readonly<Record<string, string>>;
}

/** `#aim/porch`, `#past?text=parcel`: what follows the # never reaches a server, so that the page works at any path. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const [name, camera = '', question = ''] = path.split('/');
  return {
    view: views.find((each) => each === name) ?? 'now',
    camera: camera === '' ? null : decoded(camera),
    question: question === '' ? null : decoded(question),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The reverse; what is empty is left out. */
export function hashOf(
  view: View,
  path: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return `#${[view, ...path.map(encodeURIComponent)].join('/')}${search}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
