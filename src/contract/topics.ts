import type { Setting } from './camera-config.ts';
import { contract } from './contract.ts';

/** The topics of one device, as the contract names them. */
export interface Topics {
  /** `online` / `offline`, retained; also the last will. */
  readonly status: string;
  /** Version, model, board, plan, cameras and config, retained. */
  readonly info: string;
  /** State of the daemon, retained. */
  readonly health: string;
  /** The watches that run, retained. */
  readonly watches: string;
  /** How much of this device's outbox the broker has, retained. */
  readonly outbox: string;
  cameraStatus(camera: string): string;
  /** Whether what was said still holds, retained. */
  vision(camera: string): string;
  /** The stream of observations, not retained. */
  observation(camera: string): string;
  /** The newest observation, retained. */
  description(camera: string): string;
  event(camera: string): string;
  /** The newest answer to a standing question, retained. */
  answer(camera: string, question: string): string;
  /** Whether a rule is on or off, retained. */
  rule(camera: string, rule: string): string;
  /** Turns of a camera's rules, not retained. */
  alert(camera: string): string;
  /** The picture that was described last, and which frame it is; both retained. */
  image(camera: string): string;
  imageInfo(camera: string): string;
  /** A camera's settings, retained. */
  cameraConfig(camera: string): string;
  set(camera: string, setting: Setting): string;
  request(verb: Verb): string;
  response(verb: Verb | 'set' | 'work'): string;
  /** Where this device sends the camera's images when a pool describes them. */
  workItem(camera: string): string;
}

/** Commands to the device itself. */
export type Verb = 'describe' | 'ask' | 'feedback' | 'watch' | 'unwatch' | 'restart';

/** Topics under `scenecast/<device>`. */
export function topicsOf(device: string): Topics {
  return {
    status: fill(contract.status.address, { device }),
    info: fill(contract.info.address, { device }),
    watches: fill(contract.watches.address, { device }),
    outbox: fill(contract.outbox.address, { device }),
    health: fill(contract.health.address, { device }),
    cameraStatus: (camera) => fill(contract.cameraStatus.address, { device, camera }),
    vision: (camera) => fill(contract.vision.address, { device, camera }),
    observation: (camera) => fill(contract.observation.address, { device, camera }),
    description: (camera) => fill(contract.description.address, { device, camera }),
    event: (camera) => fill(contract.event.address, { device, camera }),
    answer: (camera, question) => fill(contract.answer.address, { device, camera, question }),
    rule: (camera, rule) => fill(contract.rule.address, { device, camera, rule }),
    alert: (camera) => fill(contract.alert.address, { device, camera }),
    image: (camera) => fill(contract.image.address, { device, camera }),
    imageInfo: (camera) => fill(contract.imageInfo.address, { device, camera }),
    cameraConfig: (camera) => fill(contract.cameraConfig.address, { device, camera }),
    set: (camera, setting) => fill(contract[setChannel(setting)].address, { device, camera }),
    request: (verb) => fill(contract[`${verb}Request`].address, { device }),
    response: (verb) =>
      fill(contract[verb === 'work' ? 'workAnswer' : (`${verb}Response` as const)].address, { device }),
    workItem: (camera) => fill(contract.workItem.address, { device, camera }),
  };
}

/** The shared subscription of a pool's worker boards: the broker gives each message to one of them. */
export function workFilter(pool: string): string {
  return fill(contract.work.address, { pool });
}

/** The levels below `prefix` that the contract uses itself: no camera or device can have such a name. */
function ownLevels(prefix: string): ReadonlySet<string> {
  const levels = Object.values(contract)
    .filter(({ address }) => address.startsWith(prefix))
    .map(({ address }) => address.slice(prefix.length).split('/')[0]!);
  return new Set(levels.filter((level) => !level.startsWith('{')));
}

export const reservedDeviceNames = ownLevels('scenecast/');
export const reservedCameraNames = ownLevels('scenecast/{device}/');

function setChannel(setting: Setting): `set${Capitalize<Setting>}` {
  return `set${setting.charAt(0).toUpperCase()}${setting.slice(1)}` as `set${Capitalize<Setting>}`;
}

function fill(address: string, levels: Readonly<Record<string, string>>): string {
  return address.replace(/\{(\w+)\}/g, (_, level: string) => levels[level]!);
}
