/** One of the daemon's loops, and when it must have made progress. */
export interface Heartbeat {
  /** Its name in logs and status, such as "camera porch". */
  readonly loop: string;
  /** By performance.now(); Infinity: no deadline. */
  readonly dueMs: number;
}

/** The loops whose time has passed. `nowMs`: performance.now(). */
export function stuckLoops(heartbeats: readonly Heartbeat[], nowMs: number): readonly string[] {
  return heartbeats.filter(({ dueMs }) => nowMs > dueMs).map(({ loop }) => loop);
}
