import { CameraError, messageOf } from '../domain/errors.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { CameraStatus, PictureProblem } from '../domain/observation.ts';
import { backOffMs } from './back-off.ts';
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
  readonly #onChange: () => void;
  /** null: starting. */
  #status: CameraStatus | null = null;
  /** Failures in a row. */
  #failures = 0;
  /** Pictures in a row that could not be decoded. */
  readonly #unreadable: Record<Reader, number> = { gate: 0, engine: 0 };

  constructor(camera: string, publisher: Publisher, log: Log, onChange: () => void = () => {}) {
    this.#camera = camera;
    this.#publisher = publisher;
    this.#log = log;
    this.#onChange = onChange;
  }

  get isOffline(): boolean {
    return this.#status?.state === 'offline';
  }

  /** Why its pictures are of no use: there are none, or always the same one; null: they are. */
  get fault(): string | null {
    const { state, problem, reason } = this.#status ?? {};
    return state === 'offline' || problem === 'frozen' ? (reason ?? null) : null;
  }

  get health(): Pick<CameraHealth, 'state' | 'problem' | 'reason'> {
    const { state = 'starting', problem = null, reason = null } = this.#status ?? {};
    return { state, problem, ...(reason !== null && { reason }) };
  }

  /** It has given a picture. It is online unless its pictures cannot be decoded. */
  online(problem: PictureProblem | null): void {
    if (Math.max(...Object.values(this.#unreadable)) >= maxUnreadable) return;
    this.#failures = 0;
    const kind = problem?.kind ?? null;
    const before = this.#status;
    if (before?.state === 'online' && before.problem === kind) return;
    if (problem) this.#log.warn({ camera: this.#camera, ...problem }, 'camera has a problem');
    else if (before?.problem) this.#log.info({ camera: this.#camera }, 'camera problem is over');
    this.#publish({ state: 'online', problem: kind, reason: problem?.reason ?? null });
  }

  /** It gives no picture, or none that can be decoded. @returns the time until it should be tried again, in milliseconds */
  offline(error: unknown): number {
    const waitMs = backOffMs(++this.#failures);
    const reason = messageOf(error);
    const fields = { camera: this.#camera, reason, backOffMs: waitMs };
    // A camera that is away for days would fill the log with one line.
    if (this.isOffline && this.#status?.reason === reason) {
      this.#log.debug(fields, 'camera still gives no picture');
      return waitMs;
    }
    this.#log.warn(fields, 'camera gives no picture');
    this.#publish({ state: 'offline', problem: null, reason });
    return waitMs;
  }

  readable(reader: Reader): void {
    this.#unreadable[reader] = 0;
  }

  /** @returns the camera's fault once this has happened a few times in a row; else null */
  unreadable(reader: Reader, cause: unknown): CameraError | null {
    this.#unreadable[reader]++;
    if (this.#unreadable[reader] < maxUnreadable) return null;
    return new CameraError(
      `damaged: ${maxUnreadable} pictures in a row cannot be decoded: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }

  #publish(status: CameraStatus): void {
    this.#status = status;
    this.#publisher.cameraStatus(this.#camera, status);
    this.#onChange();
  }
}
