import { CameraError, messageOf } from '../domain/errors.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { CameraStatus, PictureProblem } from '../domain/observation.ts';
import type { Log, Publisher } from './ports.ts';

/** Who decodes pictures. What the gate can read, the engine may not. */
type Reader = 'gate' | 'engine';

/** So many pictures in a row that cannot be decoded are a fault of the camera. */
const maxUnreadable = 3;

/** Whether a camera gives pictures that can be seen. Publishes and logs each change. */
export class CameraState {
  readonly #camera: string;
  readonly #publisher: Publisher;
  readonly #log: Log;
  /** null: starting. */
  #status: CameraStatus | null = null;
  /** Pictures in a row that could not be decoded. */
  readonly #unreadable: Record<Reader, number> = { gate: 0, engine: 0 };

  constructor(camera: string, publisher: Publisher, log: Log) {
    this.#camera = camera;
    this.#publisher = publisher;
    this.#log = log;
  }

  get isOffline(): boolean {
    return this.#status?.state === 'offline';
  }

  get health(): Pick<CameraHealth, 'state' | 'problem' | 'reason'> {
    const { state = 'starting', problem = null, reason = null } = this.#status ?? {};
    return { state, problem, ...(reason !== null && { reason }) };
  }

  /** It has given a picture. @returns whether it is online: not while its pictures cannot be decoded */
  online(problem: PictureProblem | null): boolean {
    if (Math.max(...Object.values(this.#unreadable)) >= maxUnreadable) return false;
    const kind = problem?.kind ?? null;
    const before = this.#status;
    if (before?.state === 'online' && before.problem === kind) return true;
    if (problem) this.#log.warn({ camera: this.#camera, ...problem }, 'camera has a problem');
    else if (before?.problem) this.#log.info({ camera: this.#camera }, 'camera problem is over');
    this.#publish({ state: 'online', problem: kind, reason: problem?.reason ?? null });
    return true;
  }

  offline(reason: string): void {
    this.#publish({ state: 'offline', problem: null, reason });
  }

  readable(reader: Reader): void {
    this.#unreadable[reader] = 0;
  }

  /** @returns the camera's fault once this has happened a few times in a row; else null */
  unreadable(reader: Reader, cause: unknown): CameraError | null {
    const count = ++this.#unreadable[reader];
    if (count < maxUnreadable) return null;
    return new CameraError(`damaged: ${count} pictures in a row cannot be decoded: ${messageOf(cause)}`, {
      cause,
    });
  }

  #publish(status: CameraStatus): void {
    this.#status = status;
    this.#publisher.cameraStatus(this.#camera, status);
  }
}
