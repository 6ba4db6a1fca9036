import { formatBytes } from '../domain/format-bytes.ts';
import type { PullEvent } from '../models/download/source.ts';
import { progressBar } from './progress-bar.ts';

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barEveryMs = 100;
const lineEveryMs = 5000;

/**
 * Shows the progress of a pull: a bar on a terminal, elsewhere a line at most every 5 s.
 * @returns a listener for the pull's events
 */
export function showPull(
  output: Output,
  nowMs: () => number = () => performance.now(),
): (event: PullEvent) => void {
  const isTerminal = output.isTTY === true;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let rate: { readonly sinceMs: number; readonly fromBytes: number } | null = null;
  const print = (line: string): void => {
    output.write(`${isTerminal ? '\r\x1b[K' : ''}${line}\n`);
  };
  return (event) => {
    switch (event.type) {
      case 'source':
        for (const address of event.addresses) print(address);
        if (event.sizeBytes !== null) print(`${formatBytes(event.sizeBytes)} in total`);
        return;
      case 'source-failed':
        return print(`${event.reason}; trying the next source`);
      case 'resumed':
        return print(`${event.file}: resuming from ${formatBytes(event.doneBytes)}`);
      case 'incomplete':
        return print(`After this pull the model cannot be used yet: it ${event.fault}`);
      case 'retry':
        return print(`${event.reason}; retrying`);
      case 'restart':
        rate = null;
        return print(`${event.file}: ${event.reason}; starting over`);
      case 'file-done':
        rate = null;
        shownAtMs = Number.NEGATIVE_INFINITY;
        return print(`${event.file}: downloaded and verified`);
      case 'quantizing':
        if (isTerminal)
          output.write(
            `\r\x1b[K${`${event.file}: quantising ${progressBar(event.fraction, 20)}`.slice(0, (output.columns ?? 80) - 1)}`,
          );
        else if (event.fraction === 0) print(`${event.file}: quantising`);
        return;
      case 'quantized': {
        const { file, quant, fromBytes, toBytes } = event;
        return print(
          `${file}: quantised to ${quant}, ${formatBytes(fromBytes)} became ${formatBytes(toBytes)}; ${formatBytes(fromBytes - toBytes)} saved`,
        );
      }
      case 'not-quantized':
        return print(`${event.file}: not quantised to ${event.quant}: ${event.reason}`);
      case 'progress': {
        const now = nowMs();
        rate ??= { sinceMs: now, fromBytes: event.doneBytes };
        if (now - shownAtMs < (isTerminal ? barEveryMs : lineEveryMs)) return;
        shownAtMs = now;
        const bytesPerMs = (event.doneBytes - rate.fromBytes) / Math.max(1, now - rate.sinceMs);
        const text = progressText(event.doneBytes, event.sizeBytes, bytesPerMs);
        if (!isTerminal) return print(`${event.file}: ${text}`);
        const bar = event.sizeBytes === null ? '' : progressBar(event.doneBytes / event.sizeBytes, 20);
        output.write(`\r\x1b[K${`${event.file} ${bar} ${text}`.slice(0, (output.columns ?? 80) - 1)}`);
      }
    }
  };
}

function progressText(doneBytes: number, sizeBytes: number | null, bytesPerMs: number): string {
  const speed = bytesPerMs > 0 ? `, ${formatBytes(bytesPerMs * 1000)}/s` : '';
  if (sizeBytes === null) return `${formatBytes(doneBytes)}${speed}`;
  const percent = Math.floor((doneBytes / sizeBytes) * 100);
  const left = bytesPerMs > 0 ? `, ${formatTime((sizeBytes - doneBytes) / bytesPerMs)} left` : '';
  return `${percent} % of ${formatBytes(sizeBytes)}${speed}${left}`;
}

function formatTime(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
