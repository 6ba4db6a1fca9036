import { useEffect, useRef, useState } from 'preact/hooks';
import type { WindowGateReading } from '../../src/contract/window.ts';
import { heightOf, measureAt } from './gate-measures.ts';
import { usePage } from './page-context.ts';

interface GateChartProps {
  /** Oldest first, of the last hour. */
  readonly readings: readonly WindowGateReading[];
  readonly now: number;
  /** In % of the picture. */
  readonly threshold: number;
  /** The line was dragged there. */
  readonly onThreshold: (threshold: number) => void;
}

const height = 160;
const hourMs = 3_600_000;
const marks = [0.1, 1, 10];

/** The measures as dots over the last hour, and the threshold as a line that can be dragged; a slider does the same. */
export function GateChart({ readings, now, threshold, onThreshold }: GateChartProps) {
  const { texts, format } = usePage();
  const chart = useRef<SVGSVGElement>(null);
  // As wide as it is shown, so that its letters are as large as others.
  const [width, setWidth] = useState(600);
  useEffect(() => {
    if (!chart.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(1, entry!.contentRect.width)));
    observer.observe(chart.current);
    return () => observer.disconnect();
  }, []);
  const xOf = (at: string): number => width * (1 - (now - Date.parse(at)) / hourMs);
  const yOf = (measure: number): number => height * (1 - heightOf(measure));
  const drag = (event: PointerEvent): void => {
    if (event.buttons === 0 || !chart.current) return;
    const { top, height: shown } = chart.current.getBoundingClientRect();
    onThreshold(measureAt(1 - (event.clientY - top) / shown));
  };
  const line = yOf(threshold);
  return (
    <svg
      ref={chart}
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={texts.aim.chart}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={drag}
    >
      {marks.map((mark) => (
        <g key={mark} class="grid">
          <line x1={0} x2={width} y1={yOf(mark)} y2={yOf(mark)} />
          <text x={2} y={yOf(mark) - 3}>
            {format.percent(mark / 100, 1)}
          </text>
        </g>
      ))}
      <text class="time" x={4} y={height - 6}>
        {texts.aim.hourAgo}
      </text>
      <text class="time" x={width - 4} y={height - 6} text-anchor="end">
        {texts.aim.now}
      </text>
      {readings.map(({ at, measure }) =>
        measure === null ? null : (
          <circle
            key={at}
            class={measure > threshold ? 'over' : 'under'}
            cx={xOf(at)}
            cy={yOf(measure)}
            r={measure > threshold ? 2.5 : 1.25}
          />
        ),
      )}
      <line class="threshold" x1={0} x2={width} y1={line} y2={line} />
      <rect class="handle" x={width - 20} y={line - 6} width={20} height={12} rx={6} />
    </svg>
  );
}
