import { join } from 'node:path';
import { z } from 'zod';
import { readOptionalText } from '../../system/read-text.ts';
import { bool, type GgufMetadata, type GgufValue, text, u32 } from './gguf-writer.ts';
import { readOptionalJson } from './json-file.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';
import type { Vocabulary } from './vocabulary-type.ts';

const kinds = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
type Kind = (typeof kinds)[number];

/** GGUF's keys, with its misspelling. */
const keys: Readonly<Record<Kind, string>> = {
  bos: 'tokenizer.ggml.bos_token_id',
  eos: 'tokenizer.ggml.eos_token_id',
  unk: 'tokenizer.ggml.unknown_token_id',
  sep: 'tokenizer.ggml.seperator_token_id',
  pad: 'tokenizer.ggml.padding_token_id',
  cls: 'tokenizer.ggml.cls_token_id',
  mask: 'tokenizer.ggml.mask_token_id',
};

/** Ids from config.json, e.g. `bos_token_id`. */
export type ConfigTokenIds = Readonly<Partial<Record<`${Kind}_token_id`, number | null | undefined>>>;

/**
 * The ids of special tokens and whether the tokeniser adds them, after SpecialVocab of llama.cpp's gguf-py: a token named
 * in tokenizer_config.json and listed in tokenizer.json takes precedence, then config.json's id. Otherwise the named
 * token is looked up in the vocabulary.
 */
export function specialTokens(
  files: TokenizerFiles,
  vocabulary: Vocabulary,
  configIds: ConfigTokenIds,
): GgufMetadata {
  const metadata: Record<string, GgufValue> = {};
  for (const kind of kinds) {
    const name = files.config[`${kind}_token`];
    const candidates = [
      files.fast?.added_tokens.find(({ content }) => content === name)?.id,
      configIds[`${kind}_token_id`],
      name ? vocabulary.tokens.indexOf(name) : undefined,
      kind === 'unk' ? vocabulary.unknownId : undefined,
    ];
    const id = candidates.find((candidate) => isTokenOf(vocabulary, candidate));
    if (id != null) metadata[keys[kind]] = u32(id);
  }
  for (const kind of ['bos', 'eos'] as const) {
    const adds = files.config[`add_${kind}_token`] ?? addedByPostProcessor(files, kind);
    if (adds !== null) metadata[`tokenizer.ggml.add_${kind}_token`] = bool(adds);
  }
  if (vocabulary.addsSpacePrefix !== null)
    metadata['tokenizer.ggml.add_space_prefix'] = bool(vocabulary.addsSpacePrefix);
  return metadata;
}

function isTokenOf(vocabulary: Vocabulary, id: number | null | undefined): boolean {
  return id != null && id >= 0 && id < vocabulary.tokens.length;
}

const piece = z.object({ SpecialToken: z.object({ id: z.string() }).optional() });
const templateSchema = z.object({ type: z.literal('TemplateProcessing'), single: z.array(piece) });
const processorsSchema = z.object({ processors: z.array(z.unknown()) });

/** Whether tokenizer.json's template puts the token before (bos) or after (eos) a text; null if it has none there. */
function addedByPostProcessor({ fast, config }: TokenizerFiles, kind: 'bos' | 'eos'): boolean | null {
  const sequence = processorsSchema.safeParse(fast?.post_processor);
  for (const processor of sequence.success ? sequence.data.processors : [fast?.post_processor]) {
    const template = templateSchema.safeParse(processor);
    if (!template.success || template.data.single.length < 2) continue;
    const token = template.data.single.at(kind === 'bos' ? 0 : -1)?.SpecialToken?.id;
    const name = config[`${kind}_token`];
    if (token !== undefined) return name == null || token === name;
  }
  return null;
}

const templateFileSchema = z.object({ chat_template: z.string() });

/** The checkpoint's chat template, if any: from tokenizer_config.json, chat_template.jinja or chat_template.json. */
export async function chatTemplate({ folder, config }: TokenizerFiles): Promise<GgufMetadata> {
  const own = config.chat_template;
  if (Array.isArray(own)) return namedTemplates(own);
  const template =
    own ??
    (await readOptionalText(join(folder, 'chat_template.jinja'))) ??
    (await readOptionalJson(join(folder, 'chat_template.json'), templateFileSchema))?.chat_template;
  return template ? { 'tokenizer.chat_template': text(template) } : {};
}

function namedTemplates(templates: readonly { name: string; template: string }[]): GgufMetadata {
  const metadata: Record<string, GgufValue> = {};
  const others: string[] = [];
  for (const { name: given, template } of templates) {
    const name = given.replaceAll(/[^A-Za-z0-9]/g, '_');
    if (name === '') continue;
    if (name !== 'default') others.push(name);
    metadata[name === 'default' ? 'tokenizer.chat_template' : `tokenizer.chat_template.${name}`] =
      text(template);
  }
  if (others.length > 0) metadata['tokenizer.chat_templates'] = text(others);
  return metadata;
}
