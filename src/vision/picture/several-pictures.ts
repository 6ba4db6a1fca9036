import type { VisionInfo } from '../native/mtmd-info.ts';

/**
 * The projectors, by libmtmd's names, whose models were all trained with several pictures in one conversation, as their makers
 * say: Qwen2-VL to Qwen3-VL, Idefics3 and SmolVLM, Gemma 3, InternVL from 2.0 on, Pixtral and Mistral Small. A projector is left
 * out if one of its models saw single pictures only (LLaVA, Moondream, MobileVLM; MiniCPM-V 2.5 beside later ones), or if its
 * makers show none but single ones (LFM2-VL): to such a model a second picture is noise, and it says nothing of that.
 */
const projectors: ReadonlySet<string> = new Set([
  'qwen2vl_merger',
  'qwen2.5vl_merger',
  'qwen3vl_merger',
  'idefics3',
  'gemma3',
  'internvl',
  'pixtral',
]);

/** Whether a model can compare two pictures of one conversation. */
export function takesSeveralPictures({ projectorType }: Pick<VisionInfo, 'projectorType'>): boolean {
  return projectors.has(projectorType);
}
