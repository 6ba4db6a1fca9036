import { EngineError } from '../../domain/errors.ts';
import type { TextInfo, VisionInfo } from '../native/mtmd-info.ts';
import type { MtmdVocabulary } from '../native/mtmd-vocabulary.ts';
import {
  type ChatFamily,
  type ChatFamilyName,
  chatFamilies,
  isChatFamily,
  pictureFirst,
  pictureLineFirst,
} from './chat-families.ts';

/** The facts of a model that its template is chosen by. */
export interface ChatFacts {
  readonly text: Pick<
    TextInfo,
    | 'architecture'
    | 'name'
    | 'tokenizer'
    | 'chatTemplate'
    | 'headCount'
    | 'keyValueHeadCount'
    | 'vocabularySize'
  >;
  /** null: the projector is not known. */
  readonly vision: Pick<VisionInfo, 'projectorType' | 'gridPinpoints' | 'usesMrope'> | null;
  readonly vocabulary: MtmdVocabulary;
}

export interface ChosenTemplate extends ChatFamily {
  readonly source: 'config' | 'gguf' | 'family';
  /** null if the template is not a family's. */
  readonly family: ChatFamilyName | null;
  /** Why this one, for a person. */
  readonly reason: string;
}

/**
 * The chat template to use: the config's (a family's name or a Jinja template), else the GGUF's own, else that of the
 * family that the GGUF's metadata suggests.
 * @throws EngineError BAD_TEMPLATE for a word that names no family
 */
export function chooseChatTemplate(configured: string | null, facts: ChatFacts): ChosenTemplate {
  if (configured !== null) {
    if (isChatFamily(configured)) return familyTemplate(configured, 'config', 'set in the config');
    if (/^[\w.-]+$/.test(configured)) {
      const names = Object.keys(chatFamilies).join(', ');
      throw new EngineError(
        'BAD_TEMPLATE',
        `model.chat_template: "${configured}" is neither one of ${names} nor a Jinja template`,
      );
    }
    return jinjaTemplate('config', configured, 'set in the config', facts);
  }
  const { chatTemplate } = facts.text;
  if (chatTemplate !== null) return jinjaTemplate('gguf', chatTemplate, 'included in the GGUF', facts);
  const [family, reason] = guessFamily(facts);
  return familyTemplate(family, 'family', `the GGUF has no template, and ${reason}`);
}

/** Whether this text is one (special) token of the vocabulary. */
function isOneToken(vocabulary: MtmdVocabulary, text: string): boolean {
  const tokens = vocabulary.tokenize(text, { parseSpecial: true });
  // SentencePiece may add a space before it.
  const last = tokens.at(-1);
  if (last === undefined || tokens.length > 2) return false;
  return Buffer.from(vocabulary.tokenToPiece(last, { special: true })).toString('utf8') === text;
}

function familyTemplate(family: ChatFamilyName, source: 'config' | 'family', reason: string): ChosenTemplate {
  return { source, family, reason, ...chatFamilies[family] };
}

function jinjaTemplate(
  source: 'config' | 'gguf',
  jinja: string,
  reason: string,
  facts: ChatFacts,
): ChosenTemplate {
  // llama.cpp's own tools put the picture right before the words; LLaVA was trained with a line break in between.
  const isLlava = facts.vision === null || (facts.vision.projectorType === 'mlp' && !facts.vision.usesMrope);
  return { source, family: null, reason, jinja, arrange: isLlava ? pictureLineFirst : pictureFirst };
}

function guessFamily({ text, vision, vocabulary }: ChatFacts): [ChatFamilyName, string] {
  const { architecture, name, keyValueHeadCount, headCount, vocabularySize } = text;
  const hasToken = (piece: string): boolean => isOneToken(vocabulary, piece);
  const byName = namePatterns.find(([pattern]) => pattern.test(name));
  if (byName) return [byName[1], `its general.name is "${name}"`];
  if (architecture === 'phi2') return ['moondream', "its architecture is phi2, like Moondream's"];
  if (architecture === 'phi3') return ['phi3', 'its architecture is phi3'];
  if (hasToken('<start_of_turn>')) return ['gemma', 'its vocabulary has <start_of_turn>'];
  if (hasToken('<|start_header_id|>')) return ['llama3', 'its vocabulary has <|start_header_id|>'];
  if (hasToken('<|im_start|>')) {
    return architecture === 'llama' && vocabularySize >= 64_000 && vocabularySize < 65_000
      ? ['yi', `its vocabulary has <|im_start|> and ${vocabularySize} tokens, like LLaVA-1.6 34B`]
      : ['chatml', 'its vocabulary has <|im_start|>'];
  }
  if (architecture === 'llama' && keyValueHeadCount < headCount) {
    const heads = `it has ${keyValueHeadCount} key-value heads for ${headCount} heads, like Mistral`;
    if (vision?.gridPinpoints.length === 0) {
      return ['vicuna', `${heads}, but a LLaVA-1.5 projector, like BakLLaVA`];
    }
    return ['mistral', heads];
  }
  if (architecture === 'llama')
    return ['vicuna', 'its architecture is llama, without chat tokens, like Vicuna'];
  return ['vicuna', `no template is known for the architecture ${architecture}; set model.chat_template`];
}

/** The first match wins: BakLLaVA is a Mistral trained with Vicuna's conversation format. */
const namePatterns: readonly (readonly [RegExp, ChatFamilyName])[] = [
  [/bakllava|vicuna|mobilevlm/i, 'vicuna'],
  [/obsidian/i, 'obsidian'],
  [/moondream/i, 'moondream'],
  [/mistral/i, 'mistral'],
  [/yi[-_ ]?34b|nous-hermes-2-yi|llava-?v?1\.6-34b/i, 'yi'],
  [/llama-?3/i, 'llama3'],
  [/llama-?2.*chat/i, 'llama-2'],
];
