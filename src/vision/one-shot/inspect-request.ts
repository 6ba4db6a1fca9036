import type { Detail } from '../../domain/detail.ts';
import type { Size } from '../../domain/frame.ts';
import type { TextInfo, VisionInfo } from '../native/mtmd-info.ts';
import type { ChosenTemplate } from '../prompt/choose-chat-template.ts';

export interface InspectRequest {
  /** Absolute. */
  readonly textPath: string;
  /** Absolute; null: the text model alone. */
  readonly mmprojPath: string | null;
  /** As in the config. */
  readonly chatTemplate: string | null;
  readonly sizes: readonly Size[];
}

/** Context cells of a picture at each detail; only `full` if the model does not use `detail`. */
export interface PictureCost {
  readonly size: Size;
  readonly tokens: Partial<Record<Detail, number>>;
}

/** A model's metadata, and what Scenecast derives from it. */
export interface ModelFacts {
  readonly text: TextInfo;
  readonly vision: VisionInfo | null;
  readonly template: Pick<ChosenTemplate, 'source' | 'family' | 'reason' | 'jinja'>;
  readonly pictures: readonly PictureCost[] | null;
}
