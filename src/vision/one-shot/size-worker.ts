import { basename } from 'node:path';
import { maxAnswerTokens } from '../../domain/answer-grammar.ts';
import { type Detail, details } from '../../domain/detail.ts';
import { codeOf } from '../../domain/errors.ts';
import type { Size } from '../../domain/frame.ts';
import type {
  ContextSizing,
  DetailSizing,
  KvType,
  ModelSizing,
  PictureCost,
  TurnGroup,
} from '../../domain/model-sizing.ts';
import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import type { MemoryUse, MtmdEngine } from '../native/mtmd-engine.ts';
import { pictureLimits } from '../picture/detail.ts';
import {
  countLimitable,
  countPatches,
  countPictureTokens,
  countTypicalChange,
} from '../picture/picture-cost.ts';
import { usesDetail } from '../picture/picture-encoder.ts';
import { takesSeveralPictures } from '../picture/several-pictures.ts';
import { type Prompt, renderPrompt } from '../prompt/chat-prompt.ts';
import { chooseChatTemplate } from '../prompt/choose-chat-template.ts';
import { turnTokens } from '../prompt/turn-tokens.ts';
import { firstGroup } from '../turn-group.ts';
import { serveParent } from './one-shot-child.ts';
import type { SizedQuestion, SizeRequest } from './size-request.ts';

/** A context's memory is measured at two sizes: it grows linearly. */
const measuredContexts = [4096, 8192] as const;

const addon = loadAddon();

serveParent(async (request: SizeRequest): Promise<ModelSizing> => {
  loadCpuModule(addon, request.cpuModule);
  const engine = await loadHeaders(request, 'full', measuredContexts[0], 'f16');
  try {
    const { text, vision, shapes, cpu } = engine.info;
    const { memory } = engine;
    const { weightsBytes, repackedWeightsBytes } = memory;
    return {
      name: text.name || basename(request.textPath, '.gguf'),
      quant: text.quant,
      cpuModule: cpu.module,
      parameters: text.parameters,
      shapes,
      textBytes: text.sizeBytes,
      mmprojBytes: vision.sizeBytes,
      width: text.width,
      trainedContextSize: text.trainedContextSize,
      weightsBytes,
      repackedWeightsBytes,
      details: await sizeDetails(request, engine),
      ...sizeTurns(request, engine),
      ubatchSize: engine.ubatchSize,
      contexts: [await sizeContext(request, 'f16', memory), ...(await sizeSmallContext(request))],
    };
  } finally {
    await engine.close();
  }
});

async function sizeDetails(request: SizeRequest, full: MtmdEngine): Promise<DetailSizing[]> {
  const { maxImageTokens: maxTokens = null } = request;
  const measured: Detail[] = usesDetail(full.info) ? details.toReversed() : ['full'];
  const sized: DetailSizing[] = [];
  for (const detail of measured) {
    // Only models that take a limit must be loaded again.
    const isOther = detail !== 'full' && full.info.vision.takesLimit;
    const engine = isOther ? await loadHeaders(request, detail, measuredContexts[0], 'f16') : full;
    const counts = request.pictureSizes.map((size) => ({
      imageTokens: countPictureTokens(engine, detail, size, maxTokens),
      squares: countPatches(engine, detail, size),
      changed: countTypicalChange(engine, detail, size, maxTokens),
    }));
    const largest = counts.reduce((max, each) => (isLarger(each, max) ? each : max));
    const limit = maxTokens === null ? undefined : limitOf(engine, detail, request.pictureSizes);
    sized.push({ detail, ...largest, ...(limit && { limit }), visionBytes: engine.memory.visionBytes });
    if (isOther) await engine.close();
  }
  return sized;
}

/** By tokens; a limit makes them equal, and then by squares. */
function isLarger(one: PictureCost, other: PictureCost): boolean {
  const more = one.imageTokens - other.imageTokens;
  return more > 0 || (more === 0 && one.squares.length > other.squares.length);
}

/** The most of each, over all sizes. */
function limitOf(engine: MtmdEngine, detail: Detail, sizes: readonly Size[]): DetailSizing['limit'] {
  const limits = sizes.flatMap((size) => countLimitable(engine, detail, size) ?? []);
  if (limits.length === 0) return undefined;
  return {
    wholeTokens: Math.max(...limits.map(({ wholeTokens }) => wholeTokens)),
    fixedTokens: Math.max(...limits.map(({ fixedTokens }) => fixedTokens)),
  };
}

interface SizedTurn {
  readonly prompt: Prompt;
  /** What follows the picture. */
  readonly tokens: ArrayLike<number>;
  /** With the text before the picture. */
  readonly promptTokens: number;
  /** Of a typed answer. */
  readonly maxTokens: number;
  readonly isFree: boolean;
  /** Besides the described one. */
  readonly earlierPictures: number;
}

function sizeTurns(
  { chatTemplate, prompts, questions }: SizeRequest,
  engine: MtmdEngine,
): Pick<ModelSizing, 'freeTurnTokens' | 'typedTurnTokens' | 'turnGroups'> {
  const { text, vision } = engine.info;
  const template = chooseChatTemplate(chatTemplate, { text, vision, vocabulary: engine });
  const render: Parameters<typeof renderPrompt>[0] = (messages, jinja) =>
    engine.applyChatTemplate(messages, { template: jinja, addGenerationPrompt: true });
  const turnOf = ({ ask, type, unknownTokens = 0, showsEarlier }: SizedQuestion): SizedTurn => {
    const prompt = renderPrompt(render, template, ask);
    const before = engine.tokenize(prompt.before, { addSpecial: true, parseSpecial: true });
    const tokens = { length: turnTokens(engine, prompt).length + unknownTokens };
    return {
      prompt,
      tokens,
      promptTokens: before.length + tokens.length,
      maxTokens: type ? maxAnswerTokens(type) : 0,
      isFree: type === null,
      earlierPictures: showsEarlier && takesSeveralPictures(vision) ? 1 : 0,
    };
  };
  const descriptions = prompts
    .map((ask) => turnOf({ ask, type: null }))
    .sort((a, b) => b.promptTokens - a.promptTokens);
  const asked = questions.map((each) => each.map(turnOf));
  const turns = [...descriptions, ...asked.flat()];
  return {
    freeTurnTokens: Math.max(
      0,
      ...turns.filter(({ isFree }) => isFree).map(({ promptTokens }) => promptTokens),
    ),
    typedTurnTokens: Math.max(
      0,
      ...turns.filter(({ isFree }) => !isFree).map((turn) => turn.promptTokens + turn.maxTokens),
    ),
    turnGroups: asked.flatMap((each) => groupTurns([...descriptions.slice(0, 1), ...each], engine.maxTurns)),
  };
}

/** The groups that the turns run in if the context has room for all. */
function groupTurns(turns: readonly SizedTurn[], maxTurns: number): TurnGroup[] {
  if (turns.length === 0) return [];
  const group = firstGroup(turns, { maxTurns, freeCells: Infinity });
  const [first] = group as [SizedTurn];
  const after = group.reduce((sum, turn) => sum + turn.tokens.length + turn.maxTokens, 0);
  const tokens = first.promptTokens - first.tokens.length + after;
  const freeAnswers = group.filter(({ isFree }) => isFree).length;
  const earlierPictures = group.reduce((sum, turn) => sum + turn.earlierPictures, 0);
  return [{ tokens, freeAnswers, earlierPictures }, ...groupTurns(turns.slice(group.length), maxTurns)];
}

/** @param small its use at the smaller of the measured sizes */
async function sizeContext(request: SizeRequest, kvType: KvType, small: MemoryUse): Promise<ContextSizing> {
  const large = await contextUse(request, measuredContexts[1], kvType);
  const [from, to] = measuredContexts;
  const totalOf = ({ contextBytes, computeBytes }: MemoryUse): number => contextBytes + computeBytes;
  const bytesPerToken = (totalOf(large) - totalOf(small)) / (to - from);
  return {
    kvType,
    bytesPerToken,
    fixedBytes: totalOf(small) - from * bytesPerToken,
    kvBytesPerToken: (large.contextBytes - small.contextBytes) / (to - from),
  };
}

/** With q8_0, whose blocks do not fill the heads of every model: then none. */
async function sizeSmallContext(request: SizeRequest): Promise<ContextSizing[]> {
  const small = await contextUse(request, measuredContexts[0], 'q8_0').catch((error: unknown) => {
    if (codeOf(error) === 'LOAD_FAILED') return null;
    throw error;
  });
  return small ? [await sizeContext(request, 'q8_0', small)] : [];
}

async function contextUse(request: SizeRequest, contextSize: number, kvType: KvType): Promise<MemoryUse> {
  const engine = await loadHeaders(request, 'full', contextSize, kvType);
  try {
    return engine.memory;
  } finally {
    await engine.close();
  }
}

function loadHeaders(
  { textPath, mmprojPath, ubatchSize }: SizeRequest,
  detail: Detail,
  contextSize: number,
  kvType: KvType,
): Promise<MtmdEngine> {
  return addon.load({
    textPath,
    mmprojPath,
    contextSize,
    ubatchSize,
    kvType,
    threads: 1,
    flashAttention: 'auto',
    noAlloc: true,
    ...pictureLimits[detail],
  });
}
