import { type Detail, details } from '../../domain/detail.ts';
import { backendsDir, loadAddon } from '../native/addon.ts';
import type { MtmdVocabularyFile } from '../native/mtmd-vocabulary.ts';
import { pictureLimits } from '../picture/detail.ts';
import { countPictureTokens } from '../picture/picture-cost.ts';
import { usesDetail } from '../picture/picture-encoder.ts';
import { chooseChatTemplate } from '../prompt/choose-chat-template.ts';
import type { InspectRequest, ModelFacts, PictureCost } from './inspect-request.ts';
import { serveParent } from './one-shot-child.ts';

/** Nothing is decoded: just enough for a picture that must fit one batch. */
const contextSize = 1024;

const addon = loadAddon();

serveParent(async (request: InspectRequest): Promise<ModelFacts> => {
  addon.loadBackends(backendsDir());
  const vocabulary = await addon.loadVocabulary(request.textPath);
  const { mmprojPath } = request;
  if (mmprojPath === null) return { ...textFacts(request, vocabulary, null), vision: null, pictures: null };
  let engine = await load(request.textPath, mmprojPath, 'full');
  const { vision } = engine.info;
  const facts = { ...textFacts(request, vocabulary, vision), vision };
  const pictures: PictureCost[] = request.sizes.map((size) => ({ size, tokens: {} }));
  for (const detail of usesDetail(engine.info) ? details.toReversed() : (['full'] as const)) {
    if (detail !== 'full' && vision.takesLimit) {
      await engine.close();
      engine = await load(request.textPath, mmprojPath, detail);
    }
    for (const { size, tokens } of pictures) tokens[detail] = countPictureTokens(engine, detail, size);
  }
  await engine.close();
  return { ...facts, pictures };
});

function textFacts(
  { chatTemplate }: InspectRequest,
  vocabulary: MtmdVocabularyFile,
  vision: Parameters<typeof chooseChatTemplate>[1]['vision'],
): Pick<ModelFacts, 'text' | 'template'> {
  const text = vocabulary.info;
  const { source, family, reason, jinja } = chooseChatTemplate(chatTemplate, { text, vision, vocabulary });
  return { text, template: { source, family, reason, jinja } };
}

function load(textPath: string, mmprojPath: string, detail: Detail): ReturnType<typeof addon.load> {
  return addon.load({
    textPath,
    mmprojPath,
    contextSize,
    threads: 1,
    noAlloc: true,
    ...pictureLimits[detail],
  });
}
