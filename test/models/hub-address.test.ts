import { expect, test } from 'vitest';
import { fileNameOf, formatAddress, modelNameOf, parseAddress } from '../../src/models/hub-address.ts';

test.each([
  ['hf:a/B-GGUF/x.gguf', { hub: 'hf', repo: 'a/B-GGUF', path: 'x.gguf', revision: 'main' }],
  ['hf:a/b/sub/x.gguf@refs/pr/1', { hub: 'hf', repo: 'a/b', path: 'sub/x.gguf', revision: 'refs/pr/1' }],
  ['modelscope:a/b/x.gguf', { hub: 'modelscope', repo: 'a/b', path: 'x.gguf', revision: 'master' }],
  ['modelscope:a/b/x.gguf@v1', { hub: 'modelscope', repo: 'a/b', path: 'x.gguf', revision: 'v1' }],
  [
    'https://huggingface.co/a/b/resolve/v2/x.gguf?download=true',
    { hub: 'hf', repo: 'a/b', path: 'x.gguf', revision: 'v2' },
  ],
  [
    'https://huggingface.co/a/b/blob/main/x.gguf',
    { hub: 'hf', repo: 'a/b', path: 'x.gguf', revision: 'main' },
  ],
])('%s is read', (text, expected) => {
  expect(parseAddress(text)).toEqual(expected);
});

test('a plain URL is printed without its query', () => {
  const address = parseAddress('https://example.org/models/My+Model.Q4_0.gguf?Signature=secret');
  expect(formatAddress(address)).toBe('https://example.org/models/My+Model.Q4_0.gguf');
  expect(fileNameOf(address)).toBe('My+Model.Q4_0.gguf');
  expect(modelNameOf(address)).toBe('my-model.q4_0');
});

test.each(['hf:a/b/x.gguf', 'hf:a/b/sub/x.gguf@v1', 'modelscope:a/b/x.gguf@v1'])(
  '%s is written as it is read',
  (text) => {
    expect(formatAddress(parseAddress(text))).toBe(text);
  },
);

test('a model pulled by address is named after its repository', () => {
  expect(modelNameOf(parseAddress('hf:ggml-org/SmolVLM-256M-Instruct-GGUF/x.gguf'))).toBe(
    'smolvlm-256m-instruct-gguf',
  );
});

test.each([
  ['x.gguf', /not an address; it must be hf:owner\/repo/],
  ['ftp://example.org/x.gguf', /not an address/],
  ['hf:a/b', /not an address/],
  ['hf:../b/x.gguf', /not a repository/],
  ['hf:a/b/../../etc/x.gguf', /not a path inside a repository/],
  ['hf:a/b//x.gguf', /not a path inside a repository/],
  ['hf:a/b/x.gguf@../v', /not a revision/],
  ['hf:a/b/.hidden', /is not a valid file name/],
  ['https://example.org/', /is not a valid file name/],
  ['https://example.org/%zz.gguf', /not a valid URL/],
  ['https://me:secret@example.org/x.gguf', /^https:\/\/example\.org\/x\.gguf: contains a password/],
])('%s is refused', (text, message) => {
  expect(() => parseAddress(text)).toThrow(message);
});

test('no form of an address leads out of the folder', () => {
  expect(fileNameOf(parseAddress('https://example.org/..%2f..%2fetc%2fpasswd'))).toBe('passwd');
});
