import type { Health } from '../domain/health.ts';

/** What the status line shows. */
export interface Situation {
  readonly health: Pick<Health, 'engine' | 'cameras' | 'lastDescribedAt'>;
  /** From 0 to 1; null: the model is loaded. */
  readonly loading: number | null;
  /** Whether the broker is connected. */
  readonly isConnected: boolean;
  /** The loops that make no progress. */
  readonly stuck: readonly string[];
}

/** What `systemctl status` shows: "looking at 2 cameras, last description at 14:03:12". Times are local. */
export function statusLine({ health, loading, isConnected, stuck }: Situation): string {
  const { engine, cameras, lastDescribedAt } = health;
  const states = Object.entries(cameras);
  const online = states.filter(([, { state }]) => state === 'online').length;
  const looking = `looking at ${online < states.length ? `${online} of ` : ''}${counted(states.length)}`;
  const described = lastDescribedAt && `last description at ${lastDescribedAt.toTimeString().slice(0, 8)}`;
  const offline = states
    .filter(([, { state }]) => state === 'offline')
    .map(([name, { reason }]) => `camera ${name} offline: ${reason ?? 'unknown'}`);
  return [
    ...(stuck.length > 0 ? [`stuck: ${stuck.join(', ')}`] : []),
    ...(loading === null ? [] : [`loading the model ${Math.floor(loading * 100)} %`]),
    described ? `${looking}, ${described}` : looking,
    ...(engine === 'failing' ? ['the last picture could not be described'] : []),
    ...(isConnected ? [] : ['no connection to the broker']),
    ...offline,
  ].join('; ');
}

function counted(cameras: number): string {
  return cameras === 1 ? '1 camera' : `${cameras} cameras`;
}
