/** Eight vertical bars, as vivid's test pattern "75% Colorbar" shows them; [red, green, blue] in sRGB. */
export type Rgb = readonly [number, number, number];

/** The kernel's colours for it (drivers/media/common/v4l2-tpg): white, yellow, cyan, green, magenta, red, blue, black. */
export const bars75: readonly Rgb[] = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
  [0, 0, 0],
];

/** "CSC Colorbar": the same, muted, so that every colourspace and encoding can represent them. */
export const barsMuted: readonly Rgb[] = bars75.map(([r, g, b]) => [muted(r), muted(g), muted(b)] as const);

function muted(level: number): number {
  return Math.max(level, 50);
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
 * The largest difference of any channel between the centres of a picture's bars and their expected colours. `pixels` is
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
