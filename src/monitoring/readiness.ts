import type { Health } from '../domain/health.ts';

export interface ReadinessReadings {
  /** The state at this moment; null: the pipeline has not started. */
  readonly health: () => Health | null;
  /** How much of the model is loaded, from 0 to 1; null: all of it. */
  readonly loading: () => number | null;
}

/** Why pictures are not described, or not those of all cameras; empty: they are. Names no camera, since anyone may ask. */
export function unreadiness({ health, loading }: ReadinessReadings): string[] {
  const now = health();
  if (!now) return ['Scenecast is starting'];
  const loaded = loading();
  const states = Object.values(now.cameras).map(({ state }) => state);
  const offline = states.filter((state) => state === 'offline').length;
  return [
    ...(loaded === null ? [] : [`the model is loading (${Math.floor(loaded * 100)} %)`]),
    ...(now.engine === 'failing' ? ['the last description failed'] : []),
    ...(offline === 0 ? [] : [`${offline} of ${states.length} cameras are offline`]),
  ];
}
