/**
 * Whether a vision tower is encoded faster in Q8_0 than in F16 on a processor (docs/tuning.md). On ARM that needs `dotprod`:
 * without it, ggml has no product for repacked Q8_0 weights.
 * @param arch as Node names it
 * @param features named as in src/board/board.ts
 */
export function gainsFromQ8Tower(arch: string, features: readonly string[]): boolean {
  return arch === 'x64' || features.includes('dotprod');
}
