import { expect, test } from 'vitest';
import { vocabulary } from '../../../tools/test/random-text.ts';
import { metadataOf } from '../../../tools/test/read-gguf.ts';
import { written } from './fixture.ts';
import { llama3, llama3Checkpoint, llama3Expression } from './llama3-checkpoint.ts';
import {
  type Checkpoint,
  type Json,
  originalCheckpoint,
  sentencePieceModel,
  shape,
} from './tiny-checkpoint.ts';

/** A checkpoint with room for `extra` more tokens than its SentencePiece model has. */
function roomier(extra: number): Checkpoint {
  const checkpoint = originalCheckpoint();
  const rows = vocabulary.length + extra;
  checkpoint.config['vocab_size'] = rows;
  for (const name of ['model.embed_tokens.weight', 'lm_head.weight'])
    checkpoint.tensors[name] = {
      shape: [rows, shape.text.width],
      values: new Float32Array(rows * shape.text.width),
    };
  return checkpoint;
}

async function tokenizerOf(checkpoint: Checkpoint): Promise<Record<string, unknown>> {
  const metadata = metadataOf((await written(checkpoint)).text);
  const own = Object.entries(metadata).filter(([key]) => key.startsWith('tokenizer.'));
  return Object.fromEntries(own.map(([key, value]) => [key.replace(/^tokenizer\.(ggml\.)?/, ''), value]));
}

test('a SentencePiece vocabulary is kept, with the tokens added to it and unused ones up to the embeddings', async () => {
  const checkpoint = roomier(5);
  const size = vocabulary.length;
  checkpoint.files['added_tokens.json'] = { '<image>': size, '<far>': size + 5 };
  checkpoint.files['tokenizer_config.json'] = {
    added_tokens_decoder: {
      1: { content: '<s>', special: true },
      [size + 1]: { content: '<pad>', special: false },
      [size + 2]: { content: '\u2581word', special: false },
    },
  };
  const { tokens, scores, token_type: types, ...rest } = await tokenizerOf(checkpoint);
  expect((tokens as string[]).slice(0, size)).toEqual(vocabulary.map(({ piece }) => piece));
  expect((tokens as string[]).slice(size)).toEqual([
    '<image>',
    '<pad>',
    ' word',
    `[PAD${size + 3}]`,
    `[PAD${size + 4}]`,
  ]);
  // llama.cpp's conversion gives all added tokens the score -1000, and "<pad>" looks special.
  expect((scores as number[]).slice(size)).toEqual([-1000, -1000, -1000, -10_000, -10_000]);
  expect((types as number[]).slice(size)).toEqual([4, 3, 4, 5, 5]);
  expect([(scores as number[])[1], (types as number[])[1]]).toEqual([-1000, 3]);
  expect((scores as number[])[300]).toBe(vocabulary[300]!.score);
  expect((types as number[]).slice(2, 260)).toEqual(vocabulary.slice(2, 260).map(({ type }) => type));
  expect(rest).toEqual({
    model: 'llama',
    pre: 'default',
    bos_token_id: 1,
    eos_token_id: 2,
    unknown_token_id: 0,
    padding_token_id: 0,
    add_space_prefix: true,
  });
  expect((await written(checkpoint)).notes).toEqual([expect.stringMatching(/without an embedding: <far>$/)]);
});

test('a SentencePiece model without a dummy prefix gets none', async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.files['tokenizer.model'] = sentencePieceModel(vocabulary, { addsSpacePrefix: false });
  expect(await tokenizerOf(checkpoint)).toMatchObject({ add_space_prefix: false });
  checkpoint.files['tokenizer_config.json'] = { add_prefix_space: true };
  expect(await tokenizerOf(checkpoint)).toMatchObject({ add_space_prefix: true });
});

test('ids come from tokenizer.json, then from config.json, then from the names', async () => {
  const checkpoint = originalCheckpoint();
  delete checkpoint.config['pad_token_id'];
  checkpoint.files['tokenizer_config.json'] = {
    bos_token: { content: 'the-begin', lstrip: false },
    pad_token: '\u2581gate',
    sep_token: 'nowhere',
  };
  checkpoint.files['tokenizer.json'] = {
    // Not looked at beside a tokenizer.model.
    model: { type: 'Unigram', vocab: [['a', -1]] },
    added_tokens: [{ id: 7, content: 'the-begin', special: true }],
  };
  expect(await tokenizerOf(checkpoint)).toMatchObject({
    bos_token_id: 7,
    eos_token_id: 2,
    padding_token_id: vocabulary.findIndex(({ piece }) => piece === '\u2581gate'),
  });
  expect(await tokenizerOf(checkpoint)).not.toHaveProperty('seperator_token_id');
});

test('a byte-level BPE vocabulary is kept, with its merges and its splitter', async () => {
  const { tokens, token_type: types, ...rest } = await tokenizerOf(llama3Checkpoint());
  const used = 256 + 4 + 3;
  expect((tokens as string[]).length).toBe(vocabulary.length);
  expect((tokens as string[]).slice(254, used + 1)).toEqual([
    '\u00fe',
    '\u00ff',
    'th',
    'the',
    '\u0120the',
    '\u0120g',
    '<|begin_of_text|>',
    '<|eot_id|>',
    'plain',
    `[PAD${used}]`,
  ]);
  expect((types as number[]).slice(259, used + 1)).toEqual([1, 3, 3, 4, 5]);
  expect(rest).toEqual({
    model: 'gpt2',
    pre: 'llama-bpe',
    merges: ['t h', 'th e', '\u0120 the', '\u0120 g'],
    bos_token_id: 260,
    eos_token_id: 261,
    padding_token_id: 0,
    add_bos_token: true,
  });
});

test('merges written as pairs keep their spaces', async () => {
  const tokenizer = llama3();
  (tokenizer['model'] as Json)['merges'] = [
    ['t', 'h'],
    ['a b', 'c'],
  ];
  expect(await tokenizerOf(llama3Checkpoint(tokenizer))).toMatchObject({ merges: ['t h', 'a\u0120b c'] });
});

test('other known splitters are distinguished, and an unknown one is refused', async () => {
  const qwen = llama3(llama3Expression.replace('{1,3}', ''));
  expect(await tokenizerOf(llama3Checkpoint(qwen))).toMatchObject({ pre: 'qwen2' });
  const gpt2 = { ...llama3(), pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false } };
  expect(await tokenizerOf(llama3Checkpoint(gpt2))).toMatchObject({ pre: 'gpt-2' });
  await expect(written(llama3Checkpoint(llama3(String.raw`\p{L}+`)))).rejects.toThrow(
    /tokenizer\.json: pre_tokenizer .* is unknown; known are those of llama-bpe, qwen2, gpt-2/,
  );
});

test('a tokenizer.json of another kind is refused', async () => {
  const tokenizer = { ...llama3(), model: { type: 'WordPiece', vocab: {} } };
  await expect(written(llama3Checkpoint(tokenizer))).rejects.toThrow(
    /tokenizer\.json: model: type is "WordPiece": only BPE/,
  );
});

test('a vocabulary larger than the embeddings is refused', async () => {
  const tokenizer = llama3();
  ((tokenizer['model'] as Json)['vocab'] as Json)['far'] = vocabulary.length;
  await expect(written(llama3Checkpoint(tokenizer))).rejects.toThrow(
    /token id \d+: the model has embeddings for \d+/,
  );
});

test('a tokenizer.json made from a SentencePiece model gives scores in the order of its merges', async () => {
  const checkpoint = originalCheckpoint();
  delete checkpoint.files['tokenizer.model'];
  checkpoint.files['tokenizer.json'] = {
    added_tokens: [
      { id: 0, content: '<unk>', special: true },
      { id: 1, content: '<s>', special: true },
    ],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '\u2581' }] },
    pre_tokenizer: null,
    model: {
      type: 'BPE',
      byte_fallback: true,
      vocab: {
        '<unk>': 0,
        '<s>': 1,
        '<0x0A>': 2,
        a: 3,
        b: 4,
        ab: 5,
        '\u2581ab': 6,
        '\u2581': 7,
        '\u2581a': 8,
      },
      merges: ['a b', '\u2581 ab', '\u2581 a', '\u2581a b'],
    },
  };
  const { tokens, scores, token_type: types, ...rest } = await tokenizerOf(checkpoint);
  expect((tokens as string[]).slice(0, 9)).toEqual([
    '<unk>',
    '<s>',
    '<0x0A>',
    'a',
    'b',
    'ab',
    '\u2581ab',
    '\u2581',
    '\u2581a',
  ]);
  expect((scores as number[]).slice(5, 9)).toEqual([0, -1, -3, -2].map((score) => expect.closeTo(score)));
  expect((types as number[]).slice(0, 4)).toEqual([2, 3, 6, 1]);
  expect(rest).toMatchObject({ model: 'llama', pre: 'default', unknown_token_id: 0, add_space_prefix: true });
});

test.each([
  ['tokenizer_config.json', { chat_template: 'A' }],
  ['chat_template.jinja', 'A'],
  ['chat_template.json', { chat_template: 'A' }],
])('the chat template is read from %s', async (name, content) => {
  const checkpoint = originalCheckpoint();
  checkpoint.files[name] = content;
  expect(await tokenizerOf(checkpoint)).toMatchObject({ chat_template: 'A' });
});

test('several named chat templates are all kept', async () => {
  const checkpoint = originalCheckpoint();
  const templates = ['default', 'tool use'].map((name) => ({ name, template: name.toUpperCase() }));
  checkpoint.files['tokenizer_config.json'] = { chat_template: templates };
  expect(await tokenizerOf(checkpoint)).toMatchObject({
    chat_template: 'DEFAULT',
    'chat_template.tool_use': 'TOOL USE',
    chat_templates: ['tool_use'],
  });
});
