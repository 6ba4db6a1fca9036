import type { WindowLook } from '../contract/window.ts';
import type { FrameEvent } from '../domain/observation.ts';

type Stage = WindowLook['stage'];

interface Frame {
  readonly since: Date;
  stage: Stage;
}

const order: readonly Stage[] = ['captured', 'seeing', 'reading', 'saying'];

/** How far the frames of each camera have come that have not ended yet. */
export class LooksInProgress {
  /** By camera and id, in order of their capture. */
  readonly #frames = new Map<string, Map<string, Frame>>();

  /** A frame has begun or ended. */
  event({ type, camera, id }: Pick<FrameEvent, 'type' | 'camera' | 'id'>): void {
    const frames = this.#frames.get(camera) ?? new Map<string, Frame>();
    this.#frames.set(camera, frames);
    if (type === 'captured') frames.set(id, { since: new Date(), stage: 'captured' });
    else frames.delete(id);
  }

  /** The engine has come to a stage of a frame. */
  reached(camera: string, id: string, stage: Stage): void {
    const frame = this.#frames.get(camera)?.get(id);
    if (frame) frame.stage = stage;
  }

  /** The frame that has come farthest, of several the newest; null: none is in progress. */
  of(camera: string): WindowLook | null {
    let farthest: [id: string, frame: Frame] | null = null;
    for (const each of this.#frames.get(camera) ?? [])
      if (!farthest || order.indexOf(each[1].stage) >= order.indexOf(farthest[1].stage)) farthest = each;
    if (!farthest) return null;
    const [id, { since, stage }] = farthest;
    return { id, since: since.toISOString(), stage };
  }
}
