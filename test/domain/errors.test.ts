import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CodedError, CommandError, codeOf, isMissingFile, ScenecastError } from '../../src/domain/errors.ts';

test('an error with a code is one that a person can read', () => {
  const error = new CommandError('unknown', 'no camera is named "x"');
  expect(error).toBeInstanceOf(CodedError);
  expect(error).toBeInstanceOf(ScenecastError);
  expect(String(error)).toBe('CommandError: no camera is named "x"');
});

test.each([
  ['a CodedError', new CommandError('expired', ''), 'expired'],
  ['a number of MQTT', Object.assign(new Error(), { code: 0x84 }), 0x84],
  ['a plain Error', new Error('none'), undefined],
  ['a code that is neither', Object.assign(new Error(), { code: {} }), undefined],
  ['what is no error', { code: 'x' }, undefined],
])('the code of %s', (_what, error, code) => {
  expect(codeOf(error)).toBe(code);
});

test('a missing file', () => {
  let missing: unknown;
  try {
    readFileSync('/no/such/file');
  } catch (error) {
    missing = error;
  }
  expect(isMissingFile(missing)).toBe(true);
  expect(isMissingFile(new CommandError('failed', ''))).toBe(false);
});
