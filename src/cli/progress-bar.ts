/** `[#####.....]`; empty of marks where the end is not known. @param fraction from 0 to 1, or null */
export function progressBar(fraction: number | null, width = 30): string {
  const filled = Math.round((fraction ?? 0) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

/** Draws it in the terminal's last line, after `label`; takes it away at the end, 1. */
export function drawBar(label: string, fraction: number | null): void {
  process.stderr.write(fraction === 1 ? '\r\x1b[K' : `\r\x1b[K${label} ${progressBar(fraction)}`);
}
