import type { WindowGateReading, WindowSession } from '../../src/contract/window.ts';
import { ApiError, get } from './api.ts';
import { windowEventNames } from './event-names.ts';
import { atFirst, type PageEvent, type PageState, stateAfter, withGateHistory } from './page-state.ts';

const retryMs = { first: 1000, max: 30_000 } as const;

/** The connection to the daemon: the state of the page follows its events. */
export class Live {
  readonly #listeners = new Set<() => void>();
  readonly #onSession: (session: WindowSession) => void;
  #state: PageState = atFirst;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  /** @param onSession called after the connection broke, with who the daemon takes the reader for */
  constructor(onSession: (session: WindowSession) => void) {
    this.#onSession = onSession;
  }

  get state(): PageState {
    return this.#state;
  }

  /** Calls `listener` after each change; returns a function that ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  open(): void {
    this.close();
    const source = new EventSource('window/events');
    this.#source = source;
    for (const name of windowEventNames)
      source.addEventListener(name, (event) => {
        this.#failures = 0;
        const data: unknown = JSON.parse((event as MessageEvent<string>).data);
        const before = this.#state.window?.version;
        this.#set(stateAfter(this.#state, { name, data } as PageEvent, Date.now()));
        // The daemon was upgraded, and so was its page.
        if (before !== undefined && before !== this.#state.window?.version) location.reload();
      });
    source.onerror = () => {
      // A browser tries again by itself only while it is not refused; this does it in one way for all.
      this.close();
      this.#set({ ...this.#state, connection: 'lost' });
      void this.#retry();
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Reads what a camera's gate measured before the page was opened. */
  async readGate(camera: string): Promise<void> {
    const history = await get<WindowGateReading[]>(`cameras/${encodeURIComponent(camera)}/gate`);
    this.#set(withGateHistory(this.#state, camera, history));
  }

  /** The session may have ended, which no event says. */
  async #retry(): Promise<void> {
    const waitMs = Math.min(retryMs.max, retryMs.first * 2 ** this.#failures);
    this.#failures++;
    const session = await get<WindowSession>('session').catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      return null;
    });
    if (session) this.#onSession(session);
    if (session?.role === null) return;
    this.#timer = setTimeout(() => this.open(), waitMs);
  }

  #set(state: PageState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
