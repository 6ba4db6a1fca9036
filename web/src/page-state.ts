import type {
  WindowAim,
  WindowCamera,
  WindowEvents,
  WindowGateReading,
  WindowState,
} from '../../src/contract/window.ts';

export type Observation = WindowEvents['observation']['payload'];

/** An observation that has come since the page was opened. */
export type SeenObservation = Pick<Observation, 'id' | 'camera' | 'captured_at' | 'description' | 'answers'>;

/** What the page knows of the daemon. */
export interface PageState {
  /** lost: the connection broke, and is tried again. */
  readonly connection: 'connecting' | 'open' | 'lost';
  /** null: not known yet. */
  readonly window: WindowState | null;
  /** How far the clock of the board is ahead of the browser's. */
  readonly aheadMs: number;
  /** By camera, oldest first; only those since the page was opened, unless `gateRead` was called. */
  readonly gates: Readonly<Record<string, readonly WindowGateReading[]>>;
  /** Oldest first; the history may not have them yet. */
  readonly seen: readonly SeenObservation[];
  /** Observations from before private zones of their camera were changed: their pictures are not shown any more, by id. */
  readonly covered: ReadonlySet<string>;
  /** When the model began to load, as far as the page has seen it, and how much was loaded then. */
  readonly loadingSince: { readonly atMs: number; readonly share: number } | null;
}

export const atFirst: PageState = {
  connection: 'connecting',
  window: null,
  aheadMs: 0,
  gates: {},
  seen: [],
  covered: new Set(),
  loadingSince: null,
};

export type PageEvent = {
  [Name in keyof WindowEvents]: { readonly name: Name; readonly data: WindowEvents[Name] };
}[keyof WindowEvents];

const maxGateReadings = 3600;
/** The history has them after ten minutes. */
const maxSeen = 500;
const maxLateMs = 5000;
/** As many as the daemon sends at first. */
const maxAlerts = 20;

/** The state after an event of the daemon. */
export function stateAfter(state: PageState, event: PageEvent, nowMs: number): PageState {
  if (event.name === 'state')
    return {
      ...state,
      covered: Object.entries(event.data.cameras).reduce(
        (covered, [camera, { aim }]) => withCovered({ ...state, covered }, camera, aim),
        state.covered,
      ),
      connection: 'open',
      window: event.data,
      aheadMs: Date.parse(event.data.at) - nowMs,
      seen: Object.values(event.data.cameras).reduce(
        (seen, { observation }) => (observation ? withSeen(seen, observation) : seen),
        state.seen,
      ),
      loadingSince: loadingSince(state, event.data.loading, nowMs),
    };
  const { window } = state;
  // The whole state comes first.
  if (!window) return state;
  switch (event.name) {
    case 'status':
      return { ...state, window: withCamera(window, event.data.camera, { status: event.data.payload }) };
    case 'config':
      return { ...state, window: withCamera(window, event.data.camera, { config: event.data.payload }) };
    case 'aim':
      return {
        ...state,
        covered: withCovered(state, event.data.camera, event.data.payload),
        window: withCamera(window, event.data.camera, { aim: event.data.payload }),
      };
    case 'vision':
      return { ...state, window: withCamera(window, event.data.camera, { vision: event.data.payload }) };
    case 'measured':
      return { ...state, window: withCamera(window, event.data.camera, { measured: event.data.payload }) };
    case 'look':
      return { ...state, window: withCamera(window, event.data.camera, { look: event.data.payload }) };
    case 'observation':
      return {
        ...state,
        window: withObservation(window, event.data.camera, event.data.payload),
        seen: withSeen(state.seen, event.data.payload),
      };
    case 'answers': {
      const { camera, payload } = event.data;
      const answers = { ...window.cameras[camera]?.answers, ...payload };
      return { ...state, window: withCamera(window, camera, { answers }) };
    }
    case 'rule': {
      const { camera, payload } = event.data;
      const rules = { ...window.cameras[camera]?.rules, [payload.rule]: payload.status };
      return { ...state, window: withCamera(window, camera, { rules }) };
    }
    case 'alert': {
      const alerts = [event.data, ...window.alerts].slice(0, maxAlerts);
      return { ...state, window: { ...window, alerts } };
    }
    case 'watches':
      return { ...state, window: { ...window, watches: event.data } };
    case 'health':
      return {
        ...state,
        window: { ...window, health: event.data },
        aheadMs: aheadOf(state, Date.parse(event.data.at) - nowMs),
      };
    case 'progress':
      return {
        ...state,
        window: { ...window, ...event.data },
        loadingSince: loadingSince(state, event.data.loading, nowMs),
      };
    case 'gate': {
      const { camera, payload } = event.data;
      const before = state.gates[camera] ?? [];
      return { ...state, gates: { ...state.gates, [camera]: [...before, payload].slice(-maxGateReadings) } };
    }
  }
}

/** The readings of the last hour, before those that have come since. */
export function withGateHistory(
  state: PageState,
  camera: string,
  history: readonly WindowGateReading[],
): PageState {
  const last = history.at(-1)?.at ?? '';
  const since = (state.gates[camera] ?? []).filter(({ at }) => at > last);
  return { ...state, gates: { ...state.gates, [camera]: [...history, ...since] } };
}

/** How long the model still takes to load, in seconds, at the pace so far; null: it is loaded, or that is not known yet. */
export function secondsLeft({ window, loadingSince }: PageState, nowMs: number): number | null {
  const share = window?.loading ?? null;
  if (share === null || loadingSince === null) return null;
  const gained = share - loadingSince.share;
  if (gained < 0.02) return null;
  return Math.ceil((((1 - share) / gained) * (nowMs - loadingSince.atMs)) / 1000);
}

/** A board without a battery sets its clock some time after its start. */
function aheadOf({ aheadMs }: PageState, measuredMs: number): number {
  // An event that is a little late does not move what is shown.
  return Math.abs(measuredMs - aheadMs) > maxLateMs ? measuredMs : aheadMs;
}

function loadingSince(state: PageState, share: number | null, atMs: number): PageState['loadingSince'] {
  if (share === null) return null;
  const before = state.loadingSince;
  // Less than before: the engine was restarted.
  return before && share >= before.share ? before : { atMs, share };
}

function withSeen(
  seen: readonly SeenObservation[],
  { id, camera, captured_at, description, answers }: Observation,
): readonly SeenObservation[] {
  if (seen.some((each) => each.id === id)) return seen;
  return [...seen, { id, camera, captured_at, description, answers }].slice(-maxSeen);
}

/** What the daemon shows no picture of any more, now that a camera has this aim. */
function withCovered(
  { window, seen, covered }: Pick<PageState, 'window' | 'seen' | 'covered'>,
  camera: string,
  { privacy }: WindowAim,
): ReadonlySet<string> {
  const before = window?.cameras[camera];
  if (!before || JSON.stringify(before.aim.privacy) === JSON.stringify(privacy)) return covered;
  const ids = seen.filter((each) => each.camera === camera).map(({ id }) => id);
  // The newest one is among them, unless too many others came after it.
  return new Set([...covered, ...ids, ...(before.observation ? [before.observation.id] : [])]);
}

function withCamera(window: WindowState, camera: string, part: Partial<WindowCamera>): WindowState {
  const before = window.cameras[camera];
  return before ? { ...window, cameras: { ...window.cameras, [camera]: { ...before, ...part } } } : window;
}

function withObservation(window: WindowState, camera: string, payload: Observation): WindowState {
  // One of two models may only have answered.
  return payload.description === null ? window : withCamera(window, camera, { observation: payload });
}
