import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadAddon } from '../../../src/vision/native/addon.ts';
import type { MtmdVocabularyFile } from '../../../src/vision/native/mtmd-vocabulary.ts';
import { chatFamilies } from '../../../src/vision/prompt/chat-families.ts';
import { renderPrompt } from '../../../src/vision/prompt/chat-prompt.ts';
import { type ChatFacts, chooseChatTemplate } from '../../../src/vision/prompt/choose-chat-template.ts';
import { turnTokens } from '../../../src/vision/prompt/turn-tokens.ts';
import { llamaSource, type VocabularyShape, writeVocabulary } from '../../../tools/test/vocabulary-file.ts';

// The tokens each family's models were trained on, with the published vocabularies. A prompt is written here as
// id=piece, so that a wrong space, line break or special token shows.

const folder = mkdtempSync(join(tmpdir(), 'scenecast-families-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function load(shape: VocabularyShape): Promise<MtmdVocabularyFile> {
  return loadAddon().loadVocabulary(writeVocabulary(join(folder, `${files++}.gguf`), shape));
}

type Vision = NonNullable<ChatFacts['vision']>;
const anyres: Vision = { projectorType: 'mlp', gridPinpoints: [[336, 672]], usesMrope: false };
const oneSquare: Vision = { ...anyres, gridPinpoints: [] };
const other: Vision = { ...oneSquare, projectorType: 'other' };

function choose(
  file: MtmdVocabularyFile,
  vision: Vision | null,
  configured: string | null = null,
): ReturnType<typeof chooseChatTemplate> {
  return chooseChatTemplate(configured, { text: file.info, vision, vocabulary: file });
}

/** The tokens before and after the picture, as `id=piece`. */
function promptTokens(
  file: MtmdVocabularyFile,
  chosen: ReturnType<typeof chooseChatTemplate>,
): { before: string[]; after: string[] } {
  const render: Parameters<typeof renderPrompt>[0] = (messages, template) =>
    file.applyChatTemplate(messages, { template });
  const prompt = renderPrompt(render, chosen, 'Is it open?');
  const read = (tokens: Int32Array): string[] =>
    [...tokens].map(
      (token) => `${token}=${Buffer.from(file.tokenToPiece(token, { special: true })).toString('utf8')}`,
    );
  return {
    before: read(file.tokenize(prompt.before, { addSpecial: true, parseSpecial: true })),
    after: read(turnTokens(file, prompt)),
  };
}

/** Written `id=piece|id=piece`. */
const split = (text: string): string[] => (text === '' ? [] : text.split('|~'));

interface Golden {
  readonly shape: VocabularyShape;
  readonly vision: Vision;
  readonly family: string;
  readonly reason: RegExp;
  readonly before: string;
  readonly after: string;
}

const mistral: VocabularyShape = {
  published: 'llama-spm',
  architecture: 'llama',
  heads: 32,
  keyValueHeads: 8,
};

const golden: Readonly<Record<string, Golden>> = {
  'Vicuna (LLaVA-1.6 7B and 13B)': {
    shape: { published: 'llama-spm', architecture: 'llama' },
    vision: anyres,
    family: 'vicuna',
    reason: /without chat tokens/,
    before:
      "1=<s>|~319= A|~13563= chat|~1546= between|~263= a|~12758= curious|~1404= user|~322= and|~385= an|~23116= artificial|~21082= intelligence|~20255= assistant|~29889=.|~450= The|~20255= assistant|~4076= gives|~8444= helpful|~29892=,|~13173= detailed|~29892=,|~322= and|~1248= pol|~568=ite|~6089= answers|~304= to|~278= the|~1404= user|~29915='|~29879=s|~5155= questions|~29889=.|~3148= US|~1001=ER|~29901=:|~29871= ",
    after:
      '29871= |~13=\n|~3624=Is|~372= it|~1722= open|~29973=?|~319= A|~1799=SS|~9047=IST|~13566=ANT|~29901=:',
  },
  'Mistral (LLaVA-1.6 7B), recognised by its heads': {
    shape: mistral,
    vision: anyres,
    family: 'mistral',
    reason: /8 key-value heads for 32/,
    before: '1=<s>|~518= [|~25580=INST|~29962=]|~29871= ',
    after: '29871= |~13=\n|~3624=Is|~372= it|~1722= open|~29973=?|~518= [|~29914=/|~25580=INST|~29962=]',
  },
  'Yi (LLaVA-1.6 34B)': {
    shape: {
      published: 'llama-spm',
      architecture: 'llama',
      size: 64_000,
      special: { 6: '<|im_start|>', 7: '<|im_end|>' },
      endToken: 7,
    },
    vision: anyres,
    family: 'yi',
    reason: /64000 tokens/,
    before:
      '1=<s>|~6=<|im_start|>|~1788= system|~13=\n|~22550=Answer|~278= the|~5155= questions|~29889=.|~7=<|im_end|>|~6=<|im_start|>|~1404= user|~13=\n',
    after:
      '29871= |~13=\n|~3624=Is|~372= it|~1722= open|~29973=?|~7=<|im_end|>|~6=<|im_start|>|~20255= assistant|~13=\n',
  },
  'Llama 3 (LLaVA-NeXT 8B)': {
    shape: { published: 'llama-bpe', architecture: 'llama' },
    vision: anyres,
    family: 'llama3',
    reason: /start_header_id/,
    before:
      '128000=<|begin_of_text|>|~128006=<|start_header_id|>|~9125=system|~128007=<|end_header_id|>|~271=\n\n|~2675=You|~527= are|~264= a|~11190= helpful|~4221= language|~323= and|~11376= vision|~18328= assistant|~13=.|~1472= You|~527= are|~3025= able|~311= to|~3619= understand|~279= the|~9302= visual|~2262= content|~430= that|~279= the|~1217= user|~5825= provides|~11=,|~323= and|~7945= assist|~279= the|~1217= user|~449= with|~264= a|~8205= variety|~315= of|~9256= tasks|~1701= using|~5933= natural|~4221= language|~13=.|~128009=<|eot_id|>|~128006=<|start_header_id|>|~882=user|~128007=<|end_header_id|>|~271=\n\n',
    after:
      '198=\n|~3957=Is|~433= it|~1825= open|~30=?|~128009=<|eot_id|>|~128006=<|start_header_id|>|~78191=assistant|~128007=<|end_header_id|>|~271=\n\n',
  },
  'Llama 2 chat (LLaVA, preview)': {
    shape: { published: 'llama-spm', architecture: 'llama', name: 'llava-llama-2-7b-chat' },
    vision: oneSquare,
    family: 'llama-2',
    reason: /llava-llama-2-7b-chat/,
    before:
      '1=<s>|~518= [|~25580=INST|~29962=]|~3532= <<|~14816=SY|~29903=S|~6778=>>|~13=\n|~3492=You|~526= are|~263= a|~8444= helpful|~4086= language|~322= and|~18551= vision|~20255= assistant|~29889=.|~887= You|~526= are|~2221= able|~304= to|~2274= understand|~278= the|~7604= visual|~2793= content|~393= that|~278= the|~1404= user|~8128= provides|~29892=,|~322= and|~6985= assist|~278= the|~1404= user|~411= with|~263= a|~12875= variety|~310= of|~9595= tasks|~773= using|~5613= natural|~4086= language|~29889=.|~13=\n|~29966=<|~829=</|~14816=SY|~29903=S|~6778=>>|~13=\n|~13=\n',
    after: '29871= |~13=\n|~3624=Is|~372= it|~1722= open|~29973=?|~518= [|~29914=/|~25580=INST|~29962=]',
  },
  'ChatML (Qwen)': {
    shape: { published: 'qwen2', architecture: 'qwen2' },
    vision: oneSquare,
    family: 'chatml',
    reason: /im_start/,
    before: '151644=<|im_start|>|~872=user|~198=\n',
    after:
      '198=\n|~3872=Is|~432= it|~1787= open|~30=?|~151645=<|im_end|>|~198=\n|~151644=<|im_start|>|~77091=assistant|~198=\n',
  },
  'Phi-3': {
    shape: { published: 'phi-3', architecture: 'phi3' },
    vision: oneSquare,
    family: 'phi3',
    reason: /phi3/,
    before: '1=<s>|~32010=<|user|>|~29871= |~13=\n',
    after:
      '29871= |~13=\n|~3624=Is|~372= it|~1722= open|~29973=?|~32007=<|end|>|~29871= |~13=\n|~32001=<|assistant|>|~29871= |~13=\n',
  },
  Gemma: {
    shape: {
      published: 'llama-spm',
      architecture: 'gemma3',
      special: { 105: '<start_of_turn>', 106: '<end_of_turn>' },
    },
    vision: other,
    family: 'gemma',
    reason: /start_of_turn/,
    before: '1=<s>|~105=<start_of_turn>|~1404= user|~13=\n',
    after:
      '1317= Is|~372= it|~1722= open|~29973=?|~106=<end_of_turn>|~29871= |~13=\n|~105=<start_of_turn>|~1904= model|~13=\n',
  },
  Moondream: {
    shape: { published: 'gpt-2', architecture: 'phi2' },
    vision: oneSquare,
    family: 'moondream',
    reason: /phi2/,
    before: '',
    after:
      '198=\n|~198=\n|~24361=Question|~25=:|~1148= Is|~340= it|~1280= open|~30=?|~198=\n|~198=\n|~33706=Answer|~25=:',
  },
  Obsidian: {
    shape: {
      published: 'mpt',
      architecture: 'stablelm',
      name: 'Obsidian 3B',
      special: { 50278: '<|im_start|>', 50279: '<|im_end|>' },
    },
    vision: oneSquare,
    family: 'obsidian',
    reason: /Obsidian 3B/,
    before: '50278=<|im_start|>|~4537=user|~187=\n',
    after:
      '187=\n|~2513=Is|~352= it|~1527= open|~32=?|~187=\n|~4118=###|~187=\n|~50278=<|im_start|>|~515=ass|~5567=istant|~187=\n',
  },
};

test.each(Object.entries(golden))('%s', async (_name, { shape, vision, family, reason, before, after }) => {
  const file = await load(shape);
  const chosen = choose(file, vision);
  expect(chosen).toMatchObject({ source: 'family', family, reason: expect.stringMatching(reason) });
  expect(promptTokens(file, chosen)).toEqual({ before: split(before), after: split(after) });
});

const templateOf = (name: string): string => readFileSync(join(llamaSource, 'templates', name), 'utf8');

interface OwnTemplate {
  readonly shape: VocabularyShape;
  readonly template: string;
  readonly before: string;
  readonly after: string;
}

/** Templates as published, in llama.cpp's collection. */
const own: Readonly<Record<string, OwnTemplate>> = {
  'Qwen 2.5': {
    shape: { published: 'qwen2', architecture: 'qwen2' },
    template: 'Qwen-Qwen2.5-7B-Instruct.jinja',
    before:
      '151644=<|im_start|>|~8948=system|~198=\n|~2610=You|~525= are|~1207= Q|~16948=wen|~11=,|~3465= created|~553= by|~54364= Alibaba|~14817= Cloud|~13=.|~1446= You|~525= are|~264= a|~10950= helpful|~17847= assistant|~13=.|~151645=<|im_end|>|~198=\n|~151644=<|im_start|>|~872=user|~198=\n',
    after:
      '3872=Is|~432= it|~1787= open|~30=?|~151645=<|im_end|>|~198=\n|~151644=<|im_start|>|~77091=assistant|~198=\n',
  },
  'Phi 3.5': {
    shape: { published: 'phi-3', architecture: 'phi3' },
    template: 'microsoft-Phi-3.5-mini-instruct.jinja',
    before: '1=<s>|~32010=<|user|>|~29871= |~13=\n',
    after:
      '1317= Is|~372= it|~1722= open|~29973=?|~32007=<|end|>|~29871= |~13=\n|~32001=<|assistant|>|~29871= |~13=\n',
  },
  'Gemma 2': {
    shape: {
      published: 'llama-spm',
      architecture: 'gemma2',
      special: { 105: '<start_of_turn>', 106: '<end_of_turn>' },
    },
    template: 'google-gemma-2-2b-it.jinja',
    before: '1=<s>|~105=<start_of_turn>|~1404= user|~13=\n',
    after:
      '1317= Is|~372= it|~1722= open|~29973=?|~106=<end_of_turn>|~29871= |~13=\n|~105=<start_of_turn>|~1904= model|~13=\n',
  },
};

test.each(Object.entries(own))(
  'the template inside a %s file',
  async (_name, { shape, template, before, after }) => {
    const file = await load({ ...shape, chatTemplate: templateOf(template) });
    const chosen = choose(file, other);
    expect(chosen).toMatchObject({ source: 'gguf', family: null });
    expect(promptTokens(file, chosen)).toEqual({ before: split(before), after: split(after) });
  },
);

test('BakLLaVA is a Mistral with a projector of LLaVA-1.5 that was trained as Vicuna', async () => {
  const file = await load({ ...mistral, keyValueHeads: 8 });
  expect(choose(file, oneSquare)).toMatchObject({
    family: 'vicuna',
    reason: expect.stringMatching(/BakLLaVA/),
  });
  expect(choose(file, null)).toMatchObject({ family: 'mistral' });
});

test('general.name takes precedence over the vocabulary', async () => {
  const file = await load({ ...mistral, name: 'BakLLaVA-1 Mistral' });
  expect(choose(file, anyres)).toMatchObject({
    family: 'vicuna',
    reason: expect.stringMatching(/BakLLaVA-1/),
  });
});

test('an unknown architecture gets vicuna, and a reason with the remedy', async () => {
  const file = await load({ published: 'gpt-2', architecture: 'gpt2' });
  expect(choose(file, null)).toMatchObject({
    family: 'vicuna',
    reason: expect.stringMatching(/model\.chat_template/),
  });
});

test('the config takes precedence: a family’s name or a Jinja template; another word is refused', async () => {
  const file = await load({ ...mistral, chatTemplate: '{{ messages }}' });
  expect(choose(file, anyres, 'vicuna')).toMatchObject({ source: 'config', family: 'vicuna' });
  expect(choose(file, anyres, 'My {{ x }}')).toMatchObject({ source: 'config', jinja: 'My {{ x }}' });
  expect(() => choose(file, anyres, 'vicunia')).toThrow(/model\.chat_template.*vicunia.*vicuna, mistral/);
});

const anyVocabulary = load({ published: 'llama-spm', architecture: 'llama' });

test.each(Object.keys(chatFamilies) as (keyof typeof chatFamilies)[])(
  '%s renders a whole conversation in order, with its system message',
  async (family) => {
    const file = await anyVocabulary;
    const conversation = [
      { role: 'system', content: 'SYSTEM' },
      { role: 'user', content: 'FIRST' },
      { role: 'assistant', content: 'REPLY' },
      { role: 'user', content: 'SECOND' },
    ];
    const text = file.applyChatTemplate(conversation, { template: chatFamilies[family].jinja });
    const order = ['FIRST', 'REPLY', 'SECOND'].map((word) => text.split(word).length - 1);
    expect(order).toEqual([1, 1, 1]);
    expect(text).toMatch(/FIRST[\s\S]*REPLY[\s\S]*SECOND/);
    // Moondream has no system message.
    if (family !== 'moondream') expect(text.split('SYSTEM')).toHaveLength(2);
    expect(text).not.toContain('helpful');
  },
);
