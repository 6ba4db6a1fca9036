import { type Checkpoint, type Json, originalCheckpoint } from './tiny-checkpoint.ts';

export const llama3Expression = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** A byte-level BPE tokenizer.json in the form of Llama 3's. */
export function llama3(expression = llama3Expression): Json {
  // GPT-2's letters for the bytes: printable ones stand for themselves, the others for 256, 257, ...
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
  const merges = ['t h', 'th e', '\u0120 the', '\u0120 g'];
  const pieces = [...letters, ...merges.map((merge) => merge.replace(' ', ''))];
  return {
    added_tokens: [
      { id: pieces.length, content: '<|begin_of_text|>', special: true },
      { id: pieces.length + 1, content: '<|eot_id|>', special: true },
      { id: pieces.length + 2, content: 'plain', special: false },
    ],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'Sequence',
      processors: [
        { type: 'ByteLevel' },
        {
          type: 'TemplateProcessing',
          single: [
            { SpecialToken: { id: '<|begin_of_text|>', type_id: 0 } },
            { Sequence: { id: 'A', type_id: 0 } },
          ],
        },
      ],
    },
    model: {
      type: 'BPE',
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  };
}

export function llama3Checkpoint(tokenizer = llama3()): Checkpoint {
  const checkpoint = originalCheckpoint();
  delete checkpoint.files['tokenizer.model'];
  checkpoint.files['tokenizer.json'] = tokenizer;
  checkpoint.files['tokenizer_config.json'] = { bos_token: '<|begin_of_text|>', eos_token: '<|eot_id|>' };
  return checkpoint;
}
