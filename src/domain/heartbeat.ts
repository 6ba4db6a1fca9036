/** One of the daemon's loops, and when it must have got on. */
export interface Heartbeat {
  /** Which it is, for a person: "camera porch". */
  readonly loop: string;
  /** On the clock of performance.now(); Infinity: nothing is expected of it just now. */
  readonly dueMs: number;
}

/** The loops that are stuck: their time has passed. `nowMs`: performance.now(). */
export function stuckLoops(heartbeats: readonly Heartbeat[], nowMs: number): readonly string[] {
  return heartbeats.filter(({ dueMs }) => nowMs > dueMs).map(({ loop }) => loop);
}
