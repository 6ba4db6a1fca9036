import type { Selection, Zone, ZoneKind, Zones } from './zones.ts';

const kinds: readonly ZoneKind[] = ['ignore', 'privacy'];

/** The zones on the picture; the corners that move them lie above. */
export function ZoneShapes({
  zones,
  selected,
}: {
  readonly zones: Zones;
  readonly selected: Selection | null;
}) {
  const pointsOf = (zone: Zone): string => zone.map(([x, y]) => `${x * 100},${y * 100}`).join(' ');
  return (
    <svg class="zones" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {kinds.flatMap((kind) =>
        zones[kind].map((zone, index) => {
          const isSelected = selected?.kind === kind && selected.zone === index;
          return (
            <polygon
              key={`${kind} ${index}`}
              class={isSelected ? `${kind} selected` : kind}
              points={pointsOf(zone)}
              vector-effect="non-scaling-stroke"
            />
          );
        }),
      )}
    </svg>
  );
}
