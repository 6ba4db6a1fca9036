/** `[#####.....]`. @param fraction from 0 to 1; null (unknown) draws an empty bar */
export function progressBar(fraction: number | null, width = 30): string {
  const filled = Math.round((fraction ?? 0) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

/** Draws a bar after `label` on the terminal's last line; a fraction of 1 erases it. */
export function drawBar(label: string, fraction: number | null): void {
  process.stderr.write(fraction === 1 ? '\r\x1b[K' : `\r\x1b[K${label} ${progressBar(fraction)}`);
}
