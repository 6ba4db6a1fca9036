import type { WindowBoard, WindowState } from '../../src/contract/window.ts';

/** What helps to find a fault, as text to paste. The daemon has taken secrets out of all that it says; names stay. */
export function reportOf(state: WindowState, board: WindowBoard | null): string {
  const { device, version, health, broker, loading, cameras } = state;
  const seen = Object.fromEntries(
    Object.entries(cameras).map(([name, { source, status, vision, config }]) => [
      name,
      { source, status, vision, config },
    ]),
  );
  const all = { scenecast: version, device, broker, loading, health, cameras: seen, board };
  return JSON.stringify(all, null, 2);
}
