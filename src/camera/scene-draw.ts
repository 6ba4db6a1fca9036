import { loadSharp } from '../system/sharp.ts';
import type { Point, Scene, SceneShape } from './scene-layout.ts';
import { shapeOutline } from './scene-layout.ts';
import { sceneRandom } from './scene-random.ts';

/** Draws a scene as a camera would deliver it: soft edges, sensor noise, JPEG loss. Gives JPEG bytes. */
export async function drawScene(scene: Scene): Promise<Buffer> {
  const { width, height } = scene;
  const pixels = drawBackground(scene);
  for (const shape of scene.shapes) drawShape(pixels, scene, shape);
  const bytes = withNoise(pixels, scene);
  const sharp = await loadSharp();
  return sharp(bytes, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: scene.jpegQuality })
    .toBuffer();
}

/** The gradient and its weave: height x width x 3 levels, not yet rounded. */
function drawBackground({ width, height, background }: Scene): Float32Array {
  const { corners, texture } = background;
  const [topLeft, topRight, bottomLeft, bottomRight] = corners;
  const wave = (length: number, waves: number): Float32Array =>
    Float32Array.from({ length }, (_, at) => Math.sin((2 * Math.PI * waves * at) / length));
  const waveX = wave(width, texture.wavesX);
  const waveY = wave(height, texture.wavesY);
  const pixels = new Float32Array(width * height * 3);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      const down = y / height;
      const left = topLeft[channel]! + (bottomLeft[channel]! - topLeft[channel]!) * down;
      const right = topRight[channel]! + (bottomRight[channel]! - topRight[channel]!) * down;
      const step = (right - left) / width;
      const ripple = texture.amplitude * waveY[y]!;
      let at = y * width * 3 + channel;
      for (let x = 0; x < width; x++, at += 3) pixels[at] = left + step * x + ripple * waveX[x]!;
    }
  }
  return pixels;
}

/**
 * Blends a shape in. The lens blur is applied here, as the softness of the edge: behind the shapes
 * there is nothing sharp to blur, and this costs a hundredth of blurring the frame.
 */
function drawShape(pixels: Float32Array, scene: Scene, shape: SceneShape): void {
  const { width, height, blurSigmaPx } = scene;
  const [centreX, centreY] = shape.centrePx;
  const edgePx = 1 + 2.5 * blurSigmaPx;
  const reachPx = shape.radiusPx * 1.25 + edgePx;
  const distance = distanceTo(shape);
  const lastX = Math.min(width - 1, Math.ceil(centreX + reachPx));
  const lastY = Math.min(height - 1, Math.ceil(centreY + reachPx));
  for (let y = Math.max(0, Math.floor(centreY - reachPx)); y <= lastY; y++) {
    for (let x = Math.max(0, Math.floor(centreX - reachPx)); x <= lastX; x++) {
      const inside = Math.min(1, Math.max(0, 0.5 - distance(x + 0.5, y + 0.5) / edgePx));
      if (inside === 0) continue;
      const cover = inside * inside * (3 - 2 * inside);
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const below = pixels[at + channel]!;
        pixels[at + channel] = below + (shape.rgb[channel]! - below) * cover;
      }
    }
  }
}

/** Signed distance in pixels from a point to the shape's edge, negative inside (exact but at corners). */
function distanceTo(shape: SceneShape): (x: number, y: number) => number {
  const [centreX, centreY] = shape.centrePx;
  if (shape.kind === 'circle') return (x, y) => Math.hypot(x - centreX, y - centreY) - shape.radiusPx;
  const outline = shapeOutline(shape);
  const edges = outline.map((from, index) => outwardEdge(from, outline[(index + 1) % outline.length]!));
  return (x, y) => {
    let furthest = -Infinity;
    for (const edge of edges)
      furthest = Math.max(furthest, edge.normalX * x + edge.normalY * y - edge.offset);
    return furthest;
  };
}

function outwardEdge(from: Point, to: Point): { normalX: number; normalY: number; offset: number } {
  const lengthPx = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const normalX = (to[1] - from[1]) / lengthPx;
  const normalY = (from[0] - to[0]) / lengthPx;
  return { normalX, normalY, offset: normalX * from[0] + normalY * from[1] };
}

const NORMAL_LEVELS = normalTable();

/** Rounds to bytes, with normally distributed noise on each channel. */
function withNoise(pixels: Float32Array, { noiseSigma, noiseSeed }: Scene): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(pixels.length);
  if (noiseSigma === 0) {
    bytes.set(pixels);
    return bytes;
  }
  const levels = NORMAL_LEVELS.map((level) => level * noiseSigma);
  let state = noiseSeed;
  for (let at = 0; at < pixels.length; at += 3) {
    // xorshift32 (Marsaglia): one step gives three ten-bit draws, one a channel.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = pixels[at]! + levels[state & 1023]!;
    bytes[at + 1] = pixels[at + 1]! + levels[(state >>> 10) & 1023]!;
    bytes[at + 2] = pixels[at + 2]! + levels[(state >>> 20) & 1023]!;
  }
  return bytes;
}

/** 1,024 draws from the normal distribution (Box-Muller): looking one up beats computing it per pixel. */
function normalTable(): Float32Array {
  const random = sceneRandom(0x5ce2e);
  return Float32Array.from(
    { length: 1024 },
    () => Math.sqrt(-2 * Math.log(1 - random.between(0, 1))) * Math.cos(random.between(0, 2 * Math.PI)),
  );
}
