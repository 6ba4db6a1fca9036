import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { jpegWithin } from '../camera/jpeg-within.ts';
import { settableOf } from '../config/commands-schema.ts';
import { rulesOf } from '../config/rule-schema.ts';
import type { CameraConfig, Config } from '../config/schema.ts';
import { windowRule } from '../contract/window-rules.ts';
import { visionAtStart } from '../domain/camera-vision.ts';
import { ConfigError } from '../domain/errors.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Aims } from '../pipeline/aims.ts';
import type { CameraTask } from '../pipeline/camera-task.ts';
import type { Log } from '../pipeline/ports.ts';
import { historyFolderOf } from '../setup/history.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';
import { SessionFile } from '../store/session-file.ts';
import { isPasswordHash } from '../system/password-hash.ts';
import { readSecret } from '../system/read-secret.ts';
import type { PasswordHashes } from '../web/logins.ts';
import type { Window } from '../web/window.ts';
import type { CameraFacts, WindowFacts } from '../web/window-feed.ts';
import { createLabelQueue } from './label-queue.ts';
import { loadingOf, type OwnEngines } from './own-engine.ts';
import type { RecentWarnings } from './recent-warnings.ts';
import { boardReader } from './window-board.ts';

/** What the window shows besides what the pipeline reports. */
export interface SeenByWindow {
  readonly own: OwnEngines | null;
  readonly publisher: Pick<MqttPublisher, 'isConnected' | 'outboxHealth'>;
  readonly warnings: RecentWarnings | null;
  readonly aims: Aims;
  readonly startedAt: Date;
}

/** The built page. */
const pageFolder = join(import.meta.dirname, '../../build/web');
const jpegLimits = { maxWidth: 1280, quality: 80, maxBytes: 2 ** 20 } as const;

/**
 * Builds the window; null: the config has none. Its code is loaded here, so that a daemon without a window does not pay for it.
 * @throws ConfigError for a password that cannot be read, or if the page has not been built
 */
export async function createWindow(
  config: Config,
  folder: string,
  { own, publisher, warnings, aims, startedAt }: SeenByWindow,
  log: Log,
): Promise<Window | null> {
  if (!config.web.listen) return null;
  const passwords = passwordsOf(config, folder);
  // A fault shall be seen now, not at the first login.
  await passwords?.();
  const [{ Window }, { readStaticFiles }, { History }] = await Promise.all([
    import('../web/window.ts'),
    import('../web/static-files.ts'),
    import('../store/history/history.ts'),
  ]);
  const window = new Window({
    facts: windowFacts(config),
    files: await readStaticFiles(pageFolder),
    passwords,
    sessions: new SessionFile(
      join(stateFolderOf(config.store.folder, folder, process.env), `window-${config.device}.json`),
      log,
    ),
    encode: async (picture) => (await jpegWithin(picture, jpegLimits))?.bytes ?? null,
    board: boardReader(own, warnings),
    history: config.history && new History(historyFolderOf(config, folder), log),
    labels: createLabelQueue(config, folder),
    maxGapMs: (camera) => maxGapMsOf(config.cameras[camera]),
    commandTimeoutMs: config.mqtt.commands.timeout,
    loading: () => loadingOf(own),
    isBrokerConnected: () => publisher.isConnected,
    outbox: () => publisher.outboxHealth,
    aim: (camera) => aims.of(camera),
    log,
  });
  await window.load();
  const atStart = visionAtStart(startedAt);
  for (const camera of Object.keys(config.cameras)) window.publisher.cameraVision(camera, atStart);
  return window;
}

/** The camera with what the window watches of it. */
export function watchedBy(window: Window, task: CameraTask): CameraTask {
  const { camera, gate } = task;
  return {
    ...task,
    camera: window.watchCamera(camera),
    gate: gate && window.watchGate(camera.name, gate),
  };
}

/** The config, as far as the window shows it: without addresses and logins. */
export function windowFacts({ device, name, web, mqtt, prompts, cameras, history }: Config): WindowFacts {
  const { commands } = mqtt;
  return {
    device,
    name: name ?? device,
    version: packageJson.version,
    pictures: web.pictures,
    history: history !== null,
    labels: web.pictures && Object.values(cameras).some(({ collect }) => collect !== null),
    allowed: {
      describe: commands.describe,
      ask: commands.ask,
      watch: commands.watch,
      feedback: commands.feedback,
      aim: web.aim,
      set: [...settableOf(commands)],
    },
    prompts: Object.keys(prompts),
    cameras: Object.fromEntries(
      Object.entries(cameras).map(([camera, spec]) => [camera, cameraFacts(camera, spec)]),
    ),
  };
}

/** How long after an answer the next one may come, as descriptions can be late; undefined: as long as is usual. */
function maxGapMsOf(camera: CameraConfig | undefined): number | undefined {
  if (!camera) return undefined;
  const { gate, interval } = camera;
  if (!gate.enabled) return 2 * interval;
  return gate.max_interval === null ? Number.POSITIVE_INFINITY : 2 * gate.max_interval;
}

function cameraFacts(key: string, { name, source, questions, rules, collect }: CameraConfig): CameraFacts {
  const inWords = rulesOf({ rules, questions }).map((rule) => [
    rule.name,
    windowRule(rule, rules[rule.name]?.name ?? null),
  ]);
  return {
    name: name ?? key,
    source: source.type,
    questions,
    rule_specs: Object.fromEntries(inWords),
    collects: collect !== null,
  };
}

/** null: there is no password. */
function passwordsOf({ web }: Config, folder: string): (() => Promise<PasswordHashes>) | null {
  const owner = hashReader('password_hash', web.password_hash, web.password_hash_file, folder);
  const viewer = hashReader(
    'viewer_password_hash',
    web.viewer_password_hash,
    web.viewer_password_hash_file,
    folder,
  );
  return owner && (async () => ({ owner: await owner(), viewer: viewer && (await viewer()) }));
}

function hashReader(
  key: string,
  hash: string | null,
  file: string | null,
  folder: string,
): (() => Promise<string>) | null {
  if (hash !== null) return async () => hash;
  if (file === null) return null;
  const path = lookUpSecret(file, folder);
  return async () => {
    const text = await readSecret(path, `web.${key}_file`);
    if (isPasswordHash(text)) return text;
    throw new ConfigError(
      `web.${key}_file: its first line must be a hash that scenecast password prints, never the password itself`,
    );
  };
}
