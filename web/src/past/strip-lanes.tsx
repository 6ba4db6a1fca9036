import { usePage } from '../page-context.ts';
import { type Mark, marksPath } from './strip-marks.ts';

interface StripLanesProps {
  readonly cameras: readonly string[];
  readonly marks: readonly Mark[];
  readonly selected: Mark | null;
  readonly startMs: number;
  readonly pixelMs: number;
  readonly width: number;
}

const hourMs = 3_600_000;
/** As in strip.css. */
const [hoursHeight, laneHeight] = [24, 28];
const markHeight = 20;

/** The lane at so many pixels below the top of the strip. */
export function laneAt(y: number): number {
  return Math.floor((y - hoursHeight) / laneHeight);
}

/** A lane for each camera below the hours. */
export function StripLanes({ cameras, marks, selected, startMs, pixelMs, width }: StripLanesProps) {
  const { format } = usePage();
  const height = hoursHeight + laneHeight * cameras.length;
  const hours = Math.ceil((width * pixelMs) / hourMs);
  const xOf = (ms: number): number => Math.round((ms - startMs) / pixelMs);
  const topOf = (lane: number): number => hoursHeight + lane * laneHeight + (laneHeight - markHeight) / 2;
  return (
    <svg width={width} height={height} aria-hidden="true">
      {Array.from({ length: hours }, (_, hour) => {
        const atMs = startMs + hour * hourMs;
        const x = xOf(atMs);
        return (
          <g key={atMs} class="hour">
            <line x1={x} x2={x} y1={0} y2={height} />
            <text x={x + 4} y={16}>
              {format.hourOrDay(atMs)}
            </text>
          </g>
        );
      })}
      {cameras.map((camera, lane) => (
        <path
          key={camera}
          class="marks"
          d={marksPath(
            marks.filter((mark) => mark.camera === camera),
            { startMs, pixelMs, top: topOf(lane), height: markHeight },
          )}
        />
      ))}
      {selected && (
        <line
          class="selected"
          x1={xOf(selected.atMs)}
          x2={xOf(selected.atMs)}
          y1={topOf(cameras.indexOf(selected.camera)) - 4}
          y2={topOf(cameras.indexOf(selected.camera)) + markHeight + 4}
        />
      )}
    </svg>
  );
}
