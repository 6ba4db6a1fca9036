/** Eight vertical bars, as vivid's test pattern "75% Colorbar" shows them; [red, green, blue] in sRGB. */
export type Rgb = readonly [number, number, number];

/** The kernel's colours for it (drivers/media/common/v4l2-tpg): muted, so that every colourspace holds them. */
export const bars75: readonly Rgb[] = [
  [191, 191, 191],
  [191, 191, 50],
  [50, 191, 191],
  [50, 191, 50],
  [191, 50, 191],
  [191, 50, 50],
  [50, 50, 191],
  [50, 50, 50],
];

/** "100% Colorbar": white, yellow, cyan, green, magenta, red, blue, black. */
export const bars100: readonly Rgb[] = bars75.map(([r, g, b]) => [full(r), full(g), full(b)] as const);

function full(level: number): number {
  return level > 100 ? 255 : 0;
}

/** The 75% bars as rgb24. */
export function colourBars({
  width,
  height,
}: {
  readonly width: number;
  readonly height: number;
}): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++)
    rgb.set(bars75[Math.floor(((at % width) * 8) / width)]!, at * 3);
  return rgb;
}

/**
 * The largest difference of any channel between the middles of a picture's bars and what they should be. `pixels` is
 * height x width x 3 bytes.
 */
export function barsError(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  bars: readonly Rgb[],
): number {
  let worst = 0;
  for (const [bar, expected] of bars.entries())
    for (const row of [0.2, 0.5, 0.8]) {
      const x = Math.floor(((bar + 0.5) * width) / bars.length);
      const at = (Math.floor(row * height) * width + x) * 3;
      for (const [channel, value] of expected.entries())
        worst = Math.max(worst, Math.abs(pixels[at + channel]! - value));
    }
  return worst;
}
