import { useRef } from 'preact/hooks';
import { usePage } from './page-context.ts';
import {
  type Corner,
  type Selection,
  withChange,
  withCornerAt,
  withoutCorner,
  type ZoneKind,
  type Zones,
} from './zones.ts';

interface ZoneCornersProps {
  readonly zones: Zones;
  readonly selected: Selection | null;
  readonly onSelect: (selection: Selection) => void;
  readonly onChange: (zones: Zones) => void;
}

const [step, largeStep] = [0.005, 0.05];
const arrows: Readonly<Record<string, Corner>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const kinds: readonly ZoneKind[] = ['ignore', 'privacy'];

/** Each corner of each zone as a button that is dragged, or moved by arrow keys. */
export function ZoneCorners({ zones, selected, onSelect, onChange }: ZoneCornersProps) {
  const { texts, format } = usePage();
  const area = useRef<HTMLDivElement>(null);
  const move = ({ kind, zone, corner }: Selection, to: Corner): void =>
    onChange(withChange(zones, kind, zone, (corners) => withCornerAt(corners, corner, to)));
  const drag = (event: PointerEvent, selection: Selection): void => {
    const bounds = area.current?.getBoundingClientRect();
    if (event.buttons === 0 || !bounds) return;
    move(selection, [
      (event.clientX - bounds.left) / bounds.width,
      (event.clientY - bounds.top) / bounds.height,
    ]);
  };
  const press = (event: KeyboardEvent, selection: Selection, [x, y]: Corner): void => {
    const { kind, zone, corner } = selection;
    const arrow = arrows[event.key];
    if (arrow) {
      const by = event.shiftKey ? largeStep : step;
      move(selection, [x + arrow[0] * by, y + arrow[1] * by]);
    } else if (event.key === 'Delete' || event.key === 'Backspace')
      onChange(withChange(zones, kind, zone, (corners) => withoutCorner(corners, corner)));
    else return;
    // The page would scroll.
    event.preventDefault();
  };
  return (
    <div class="corners" ref={area}>
      {kinds.flatMap((kind) =>
        zones[kind].flatMap((corners, zone) =>
          corners.map(([x, y], corner) => {
            const selection = { kind, zone, corner };
            const isSelected =
              selected?.kind === kind && selected.zone === zone && selected.corner === corner;
            return (
              <button
                key={`${kind} ${zone} ${corner}`}
                type="button"
                class={isSelected ? `corner ${kind} selected` : `corner ${kind}`}
                style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
                aria-label={texts.aim.corner(
                  corner + 1,
                  texts.aim.kinds[kind],
                  zone + 1,
                  format.percent(x),
                  format.percent(y),
                )}
                onFocus={() => onSelect(selection)}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  onSelect(selection);
                }}
                onPointerMove={(event) => drag(event, selection)}
                onKeyDown={(event) => press(event, selection, [x, y])}
              />
            );
          }),
        ),
      )}
    </div>
  );
}
