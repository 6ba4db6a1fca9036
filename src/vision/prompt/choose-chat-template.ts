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

/** What is known of a model whose template is to be chosen. */
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
  /** null where the template is a text, not a family's. */
  readonly family: ChatFamilyName | null;
  /** Why this one, for a person. */
  readonly reason: string;
}

/**
 * The template to speak with: the config's (a family's name or a Jinja text), else the one the GGUF carries, else that
 * of the family the GGUF's metadata speaks of.
 * @throws EngineError BAD_TEMPLATE for a word that names no family
 */
export function chooseChatTemplate(configured: string | null, facts: ChatFacts): ChosenTemplate {
  if (configured !== null) {
    if (isChatFamily(configured)) return named(configured, 'config', 'it is asked for');
    if (/^[\w.-]+$/.test(configured)) {
      const names = Object.keys(chatFamilies).join(', ');
      throw new EngineError(
        'BAD_TEMPLATE',
        `model.chat_template: "${configured}" is neither one of ${names} nor a Jinja template`,
      );
    }
    return own('config', configured, 'it is asked for', facts);
  }
  const { chatTemplate } = facts.text;
  if (chatTemplate !== null) return own('gguf', chatTemplate, 'the GGUF carries it', facts);
  const [family, reason] = guessFamily(facts);
  return named(family, 'family', `the GGUF carries no template, and ${reason}`);
}

/** Whether the vocabulary has this text as one token, as it has special tokens. */
function isOneToken(vocabulary: MtmdVocabulary, text: string): boolean {
  const tokens = vocabulary.tokenize(text, { parseSpecial: true });
  // SentencePiece may put a space of its own before it.
  const last = tokens.at(-1);
  if (last === undefined || tokens.length > 2) return false;
  return Buffer.from(vocabulary.tokenToPiece(last, { special: true })).toString('utf8') === text;
}

function named(family: ChatFamilyName, source: 'config' | 'family', reason: string): ChosenTemplate {
  return { source, family, reason, ...chatFamilies[family] };
}

function own(source: 'config' | 'gguf', jinja: string, reason: string, facts: ChatFacts): ChosenTemplate {
  // llama.cpp's own tools put the picture right before the words; LLaVA was trained with a line break between.
  const isLlava = facts.vision === null || (facts.vision.projectorType === 'mlp' && !facts.vision.usesMrope);
  return { source, family: null, reason, jinja, arrange: isLlava ? pictureLineFirst : pictureFirst };
}

function guessFamily({ text, vision, vocabulary }: ChatFacts): [ChatFamilyName, string] {
  const { architecture, name, keyValueHeadCount, headCount, vocabularySize } = text;
  const hasToken = (piece: string): boolean => isOneToken(vocabulary, piece);
  const byName = namePatterns.find(([pattern]) => pattern.test(name));
  if (byName) return [byName[1], `its general.name is "${name}"`];
  if (architecture === 'phi2') return ['moondream', 'its architecture is phi2, as Moondream’s'];
  if (architecture === 'phi3') return ['phi3', 'its architecture is phi3'];
  if (hasToken('<start_of_turn>')) return ['gemma', 'its vocabulary has <start_of_turn>'];
  if (hasToken('<|start_header_id|>')) return ['llama3', 'its vocabulary has <|start_header_id|>'];
  if (hasToken('<|im_start|>')) {
    return architecture === 'llama' && vocabularySize >= 64_000 && vocabularySize < 65_000
      ? ['yi', `its vocabulary has <|im_start|> and ${vocabularySize} tokens, as that of LLaVA-1.6 34B`]
      : ['chatml', 'its vocabulary has <|im_start|>'];
  }
  if (architecture === 'llama' && keyValueHeadCount < headCount) {
    const heads = `it has ${keyValueHeadCount} key-value heads to ${headCount} heads, as Mistral`;
    if (vision?.gridPinpoints.length === 0) {
      return ['vicuna', `${heads}, but a projector of LLaVA-1.5, as BakLLaVA`];
    }
    return ['mistral', heads];
  }
  if (architecture === 'llama') return ['vicuna', 'it is a llama without chat tokens, as Vicuna'];
  return ['vicuna', `nothing is known of the template of a ${architecture}; name one in model.chat_template`];
}

/** The first that fits wins: BakLLaVA is a Mistral that was trained with Vicuna's conversation. */
const namePatterns: readonly (readonly [RegExp, ChatFamilyName])[] = [
  [/bakllava|vicuna|mobilevlm/i, 'vicuna'],
  [/obsidian/i, 'obsidian'],
  [/moondream/i, 'moondream'],
  [/mistral/i, 'mistral'],
  [/yi[-_ ]?34b|nous-hermes-2-yi|llava-?v?1\.6-34b/i, 'yi'],
  [/llama-?3/i, 'llama3'],
  [/llama-?2.*chat/i, 'llama-2'],
];
