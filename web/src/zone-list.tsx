import { usePage } from './page-context.ts';
import {
  newZone,
  type Selection,
  withChange,
  withCorner,
  withoutZone,
  withZone,
  type ZoneKind,
  type Zones,
} from './zones.ts';

interface ZoneListProps {
  readonly zones: Zones;
  /** Without a gate, no changes are ignored. */
  readonly hasGate: boolean;
  readonly onSelect: (selection: Selection) => void;
  readonly onChange: (zones: Zones) => void;
}

/** The zones in words: adds one, gives one another corner, removes one. */
export function ZoneList({ zones, hasGate, onSelect, onChange }: ZoneListProps) {
  const { texts } = usePage();
  const kinds: readonly ZoneKind[] = hasGate ? ['ignore', 'privacy'] : ['privacy'];
  const add = (kind: ZoneKind): void => {
    onChange(withZone(zones, kind, newZone));
    onSelect({ kind, zone: zones[kind].length, corner: 0 });
  };
  const addCorner = (kind: ZoneKind, zone: number): void => {
    const more = withCorner(zones[kind][zone]!);
    onChange(withChange(zones, kind, zone, () => more.zone));
    onSelect({ kind, zone, corner: more.corner });
  };
  return (
    <>
      <p class="facts">{texts.aim.help}</p>
      <ul class="zone-list">
        {kinds.flatMap((kind) =>
          zones[kind].map((_, zone) => (
            <li key={`${kind} ${zone}`}>
              <span class={`swatch ${kind}`} aria-hidden="true" />
              <span id={`zone-${kind}-${zone}`}>{texts.aim.zone(texts.aim.kinds[kind], zone + 1)}</span>
              <button
                type="button"
                aria-describedby={`zone-${kind}-${zone}`}
                onClick={() => addCorner(kind, zone)}
              >
                {texts.aim.addCorner}
              </button>
              <button
                type="button"
                aria-describedby={`zone-${kind}-${zone}`}
                onClick={() => onChange(withoutZone(zones, kind, zone))}
              >
                {texts.aim.remove}
              </button>
            </li>
          )),
        )}
      </ul>
      <div class="row">
        {kinds.map((kind) => (
          <button key={kind} type="button" onClick={() => add(kind)}>
            {texts.aim.add[kind]}
          </button>
        ))}
      </div>
    </>
  );
}
