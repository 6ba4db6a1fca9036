/** Scenecast is newer than this: a board without a battery-backed clock starts in 1970, or when its system was built. */
const earliest = Date.UTC(2026, 0, 1);

/** Whether a time of the system's clock can be right. */
export function isPlausible(time: Date): boolean {
  return time.getTime() >= earliest;
}
