export const views = ['now', 'past', 'aim', 'board'] as const;

export interface Route {
  readonly view: (typeof views)[number];
  /** null: the first one. */
  readonly camera: string | null;
}

/** `#aim/porch`: what follows the # never reaches a server, so that the page works at any path. */
export function routeOf(hash: string): Route {
  const [name, camera = ''] = hash.replace(/^#/, '').split('/');
  const view = views.find((each) => each === name) ?? 'now';
  return { view, camera: camera === '' ? null : decoded(camera) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
