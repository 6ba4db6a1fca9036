import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import { scratchFolder, startBroker, subscribe } from './mqtt.ts';
import type { Subscriber } from './subscriber.ts';
import { until } from './until.ts';

const patienceMs = 120_000;

export interface WindowDaemon {
  readonly url: string;
  /** Has what was published. */
  readonly subscriber: Subscriber;
  readonly daemon: Daemon;
  /** Where the daemon keeps what outlasts it. */
  readonly stateFolder: string;
  /** Ends the daemon, does something, and starts another one like it at the same address. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
}

/** `scenecast run` with the demo model, a drawn camera and the window, and a mosquitto; ended when the test ends. */
export async function startWindowDaemon({
  web = {},
  camera = {},
  ...keys
}: {
  readonly web?: object;
  /** Keys of the camera `drawn`. */
  readonly camera?: object;
  readonly [key: string]: unknown;
} = {}): Promise<WindowDaemon> {
  const { url: brokerUrl } = await startBroker();
  const subscriber = await subscribe(brokerUrl);
  const port = await freePort();
  const stateFolder = scratchFolder();
  const config = {
    device: 'board',
    name: 'Workshop',
    mqtt: { url: brokerUrl, commands: { ask: true } },
    store: { folder: stateFolder },
    web: { listen: `127.0.0.1:${port}`, ...web },
    cameras: {
      drawn: {
        name: 'Drawing table',
        source: { type: 'scene', seed: 900_000, size: '336x336', every: '1h' },
        interval: '10m',
        questions: { count: { ask: 'How many shapes are there?', type: 'integer', min: 0, max: 9 } },
        ...camera,
      },
    },
    ...keys,
  };
  const start = async (): Promise<Daemon> => {
    const daemon = new Daemon(config);
    const isLogged = (message: string): boolean => daemon.log.some(({ msg }) => msg === message);
    const isUp = (): boolean => isLogged('HTTP server listening') && isLogged('model loaded');
    await until(() => isUp() || !daemon.alive, patienceMs);
    if (!daemon.alive)
      throw new Error(`the daemon has exited: ${daemon.stderr}${JSON.stringify(daemon.log)}`);
    return daemon;
  };
  let daemon = await start();
  return {
    url: `http://127.0.0.1:${port}/`,
    subscriber,
    stateFolder,
    get daemon() {
      return daemon;
    },
    restart: async (meanwhile) => {
      await daemon.end();
      await meanwhile?.();
      daemon = await start();
    },
  };
}
