import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema, modelSchema } from '../../src/config/schema.ts';
import { chatFamilies } from '../../src/vision/prompt/chat-families.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

test('the example config and docs/cameras.md show every kind of camera', () => {
  const kinds = configSchema.in.shape.cameras.def.innerType.valueType.shape.source.options.map(
    ({ shape }) => shape.type.value,
  );
  expect(kinds).toContain('ffmpeg');
  for (const page of ['config.example.yaml', 'docs/cameras.md'])
    for (const kind of kinds) expect(read(page)).toMatch(new RegExp(`\\btype: ${kind}\\b`));
});

test('the schema, the example config and docs/models.md list every chat family', () => {
  const listed = [
    modelSchema.shape.chat_template.description ?? '',
    read('config.example.yaml'),
    read('docs/models.md').match(/^\| family .*?\n\n/ms)?.[0] ?? '',
  ];
  for (const text of listed)
    for (const family of Object.keys(chatFamilies))
      expect(text).toMatch(new RegExp(`[ \`(]${family}[,.)\`]`));
});
