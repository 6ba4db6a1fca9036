import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Log } from '../pipeline/ports.ts';
import type { NotifyEnvironment } from '../supervision/notify-environment.ts';
import { statusLine } from '../supervision/status-line.ts';
import { Supervision } from '../supervision/supervision.ts';
import { loadingOf, type OwnEngines } from './own-engine.ts';

/** What systemd learns of the daemon. */
export function createSupervision(
  environment: NotifyEnvironment,
  pipeline: Pick<Pipeline, 'heartbeats' | 'health'>,
  own: OwnEngines | null,
  publisher: { readonly isConnected: boolean },
  log: Log,
): Supervision {
  const engines = own?.engines ?? [];
  return new Supervision({
    environment,
    log,
    heartbeats: () => [
      ...pipeline.heartbeats,
      ...engines.map(({ role, client }) => ({
        ...client.heartbeat,
        loop: role ? `engine ${role}` : 'engine',
      })),
    ],
    status: (stuck) =>
      statusLine({
        health: pipeline.health,
        loading: loadingOf(own),
        isConnected: publisher.isConnected,
        stuck,
      }),
  });
}
