import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { WindowState } from '../../../src/contract/window.ts';
import { useBoardNow, usePage } from '../page-context.ts';
import type { PageState, SeenObservation } from '../page-state.ts';
import { dayAt } from './days.ts';
import { StripEntry } from './strip-entry.tsx';
import { laneAt, StripLanes } from './strip-lanes.tsx';
import { markByKey, mergedMarks, nearestMark } from './strip-marks.ts';
import { useMarks } from './use-marks.ts';

interface DayStripProps {
  readonly window: WindowState;
  /** Since the page was opened. */
  readonly seen: readonly SeenObservation[];
  readonly covered: PageState['covered'];
}

const pixelMs = 37_500;
const maxDays = 14;
/** A pointer that moves less has pressed, not dragged. */
const dragPx = 4;
/** At its end, the strip goes on with the clock. */
const nearEndPx = 24;

/** The day as a strip with a mark for each description; it is dragged to scroll, and a mark shows what was seen. */
export function DayStrip({ window: { cameras, history }, seen, covered }: DayStripProps) {
  const { texts, format } = usePage();
  const says = texts.strip;
  const now = useBoardNow(60_000);
  const [days, setDays] = useState(1);
  const [selected, select] = useState<string | null>(null);
  const startMs = dayAt(now, 1 - days).startMs;
  const kept = useMarks(startMs, history);
  const marks = useMemo(
    () =>
      mergedMarks(
        kept,
        seen.map(({ id, camera, captured_at }) => ({
          id,
          camera,
          atMs: Date.parse(captured_at),
          number: null,
        })),
      ).filter(({ atMs }) => atMs >= startMs),
    [kept, seen, startMs],
  );
  const width = Math.ceil((now - startMs) / pixelMs);
  const scroller = useRef<HTMLDivElement>(null);
  const drag = useRef<{ readonly x: number; readonly left: number; isDragged: boolean } | null>(null);
  const place = marks.findIndex(({ id }) => id === selected);
  const mark = marks[place];
  const names = Object.keys(cameras);

  useFollowedEnd(scroller, width, startMs);
  const show = (index: number): void => {
    const found = marks[index];
    const element = scroller.current;
    if (!found || !element) return;
    select(found.id);
    const x = (found.atMs - startMs) / pixelMs;
    const margin = Math.min(48, element.clientWidth / 4);
    if (x < element.scrollLeft + margin) element.scrollLeft = x - margin;
    else if (x > element.scrollLeft + element.clientWidth - margin)
      element.scrollLeft = x - element.clientWidth + margin;
  };
  const press = (event: PointerEvent): void => {
    const { left, top } = scroller.current!.getBoundingClientRect();
    const x = event.clientX - left + scroller.current!.scrollLeft;
    const lane = laneAt(event.clientY - top);
    show(nearestMark(marks, startMs + x * pixelMs, names[lane] ?? null));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = markByKey(marks, place, event.key);
    if (to === null) return;
    if (to === place && place === 0 && days < maxDays) setDays(days + 1);
    show(to);
    event.preventDefault();
  };
  return (
    <section class="strip" aria-labelledby="strip-title">
      <div class="row">
        <h2 id="strip-title">{says.title}</h2>
        {history && days < maxDays && (
          <button type="button" class="small" onClick={() => setDays(days + 1)}>
            {says.dayBefore}
          </button>
        )}
      </div>
      <div class="strip-body">
        {names.length > 1 && (
          <ul class="lane-names" aria-hidden="true">
            {names.map((name) => (
              <li key={name}>{cameras[name]!.name}</li>
            ))}
          </ul>
        )}
        <div
          ref={scroller}
          class="lanes"
          tabIndex={0}
          role="slider"
          aria-label={says.label}
          aria-orientation="horizontal"
          aria-valuemin={0}
          aria-valuemax={Math.max(0, marks.length - 1)}
          aria-valuenow={Math.max(0, place)}
          aria-valuetext={
            mark
              ? `${format.moment(new Date(mark.atMs).toISOString())}, ${cameras[mark.camera]?.name ?? mark.camera}`
              : says.noneSelected(format.number(marks.length))
          }
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            drag.current = { x: event.clientX, left: event.currentTarget.scrollLeft, isDragged: false };
            // Fingers scroll by themselves.
            if (event.pointerType === 'mouse') event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            const from = drag.current;
            if (!from || event.pointerType !== 'mouse') return;
            if (Math.abs(event.clientX - from.x) >= dragPx) from.isDragged = true;
            if (from.isDragged) event.currentTarget.scrollLeft = from.left + from.x - event.clientX;
          }}
          onPointerUp={(event) => {
            if (drag.current?.isDragged === false) press(event);
            drag.current = null;
          }}
          onPointerCancel={() => {
            drag.current = null;
          }}
        >
          <StripLanes
            cameras={names}
            marks={marks}
            selected={mark ?? null}
            startMs={startMs}
            pixelMs={pixelMs}
            width={width}
          />
        </div>
      </div>
      <div aria-live="polite">
        {mark ? (
          <StripEntry
            key={mark.id}
            mark={mark}
            camera={cameras[mark.camera]}
            seen={seen.find(({ id }) => id === mark.id) ?? null}
            isCovered={covered.has(mark.id)}
          />
        ) : (
          <p class="facts">{marks.length === 0 ? says.none : history ? says.help : says.sinceOpened}</p>
        )}
      </div>
    </section>
  );
}

/** Keeps the end in sight while the strip grows with the clock, and what one looks at when it grows by a day before. */
function useFollowedEnd(scroller: RefObject<HTMLElement | null>, width: number, startMs: number): void {
  const before = useRef<{ readonly width: number; readonly startMs: number } | null>(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    const last = before.current;
    before.current = { width, startMs };
    if (!element) return;
    if (!last) element.scrollLeft = width;
    else if (last.startMs !== startMs) element.scrollLeft += width - last.width;
    else if (element.scrollLeft + element.clientWidth >= last.width - nearEndPx) element.scrollLeft = width;
  }, [width, startMs]);
}
