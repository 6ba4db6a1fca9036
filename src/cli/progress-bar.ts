/** `[#####.....]`; empty of marks where the end is not known. @param fraction from 0 to 1, or null */
export function progressBar(fraction: number | null, width = 30): string {
  const filled = Math.round((fraction ?? 0) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}
