import { ulid } from 'ulid';
import { CommandError, messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { Rule } from '../domain/rule.ts';
import type { RunningWatch, Watch } from '../domain/watch.ts';
import type { Turn } from './camera-rules.ts';
import type { Pipeline } from './pipeline.ts';
import type { Log, Publisher, WatchCommands, WatchStore } from './ports.ts';

export interface WatchesParts {
  readonly pipeline: Pick<Pipeline, 'rulesOf'> & { readonly health: Health };
  /** The names of the cameras. */
  readonly cameras: readonly string[];
  /** Reads the condition, under the id as name. @throws CommandError if it cannot be */
  readonly conditionOf: (watch: Watch) => Rule;
  readonly store: WatchStore;
  readonly publisher: Pick<Publisher, 'alert' | 'watches'>;
  readonly log: Log;
}

export const maxWatches = 50;
const maxDays = 7;
const dayMs = 86_400_000;
/** The clock may be set at any time, so it is read at least this often. */
const maxWaitMs = 30_000;

/** Watches: conditions that people wait for, kept across restarts. Each raises one alert, and ends then or in time. */
export class Watches implements WatchCommands {
  readonly #parts: WatchesParts;
  readonly #running = new Map<string, Watch>();
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: WatchesParts) {
    this.#parts = parts;
  }

  /** Continues those from before a restart. Call once the pipeline has started. */
  async start(): Promise<void> {
    const { store, log } = this.#parts;
    for (const watch of await store.load()) {
      const { id, camera } = watch;
      try {
        this.#follow(watch);
      } catch (error) {
        log.warn(
          { watch: id, camera, reason: messageOf(error) },
          'watch dropped: it no longer fits the config',
        );
      }
    }
    this.#changed();
  }

  async watch(request: Parameters<WatchCommands['watch']>[0]): Promise<RunningWatch> {
    const { cameras, pipeline, log } = this.#parts;
    const leftMs = request.until.getTime() - Date.now();
    if (!(leftMs > 0 && leftMs <= maxDays * dayMs))
      throw new CommandError(
        'invalid',
        `until: must be a time in the next ${maxDays} days (it is ${request.until.toISOString()})`,
      );
    if (this.#running.size >= maxWatches)
      throw new CommandError(
        'failed',
        `there are ${maxWatches} watches already; end one with request/unwatch`,
      );
    if (request.camera === null && cameras.length !== 1)
      throw new CommandError('invalid', `camera: must be one of ${cameras.join(', ')}`);
    const watch: Watch = { ...request, id: ulid(), camera: request.camera ?? cameras[0]! };
    const { id, camera } = watch;
    this.#follow(watch);
    log.info({ watch: id, camera, when: watch.when }, 'watch begins');
    await this.#changed().catch((cause) => {
      throw new CommandError('failed', `it runs, but it will not survive a restart: ${messageOf(cause)}`, {
        cause,
      });
    });
    const { timing, cameras: states } = pipeline.health;
    const everyMs = Math.max(states[camera]?.intervalMs ?? 0, timing?.p50Ms ?? 0);
    return { watch, everyMs, answerMs: timing?.p50Ms ?? null };
  }

  async unwatch(id: string): Promise<void> {
    if (!this.#running.has(id)) throw new CommandError('unknown', `no watch has the id "${id}"`);
    this.#end(id, 'watch cancelled');
    await this.#changed();
  }

  /** Resolves when all changes have been written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#saving.catch(() => {});
  }

  #follow(watch: Watch): void {
    const { pipeline, conditionOf } = this.#parts;
    const rules = pipeline.rulesOf(watch.camera);
    const condition = conditionOf(watch);
    this.#running.set(watch.id, watch);
    rules.watch(condition, watch.everyMs, (turn) => this.#cameTrue(watch, turn));
  }

  #cameTrue({ id, note }: Watch, turn: Turn): void {
    const { publisher } = this.#parts;
    this.#end(id, 'watch came true');
    // It is forgotten once its alert cannot be lost: after a crash in between, it is raised again.
    void publisher.alert({ ...turn, rule: null, watch: { id, note } }).then(() => this.#changed());
  }

  #end(id: string, message: string): void {
    const { pipeline, log } = this.#parts;
    const { camera } = this.#running.get(id)!;
    this.#running.delete(id);
    pipeline.rulesOf(camera).unwatch(id);
    log.info({ watch: id, camera }, message);
  }

  /** Publishes and saves what runs, and waits for the next end. Rejects if it cannot be saved. */
  #changed(): Promise<void> {
    const { publisher, store, log } = this.#parts;
    clearTimeout(this.#timer);
    for (const { id, until } of this.#running.values())
      if (until.getTime() <= Date.now()) this.#end(id, 'watch has ended');
    const watches = [...this.#running.values()];
    publisher.watches(watches);
    this.#saving = this.#saving.catch(() => {}).then(() => store.save(watches));
    const saved = this.#saving;
    saved.catch((error) => log.warn({ reason: messageOf(error) }, 'watches not saved'));
    if (watches.length > 0 && !this.#isClosed) this.#wait();
    return saved;
  }

  #wait(): void {
    const untilMs = Math.min(...[...this.#running.values()].map(({ until }) => until.getTime()));
    const leftMs = untilMs - Date.now();
    this.#timer = setTimeout(
      () => {
        if (untilMs > Date.now()) this.#wait();
        else void this.#changed().catch(() => {});
      },
      Math.max(0, Math.min(leftMs, maxWaitMs)),
    );
  }
}
