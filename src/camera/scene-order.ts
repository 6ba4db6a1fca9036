import type { Size } from '../domain/frame.ts';
import type { SceneShapeSizes } from './scene-layout.ts';

/** What the drawing thread is asked for. */
export interface SceneOrder {
  readonly seed: number;
  readonly size: Size;
  readonly shapes: SceneShapeSizes | undefined;
}
