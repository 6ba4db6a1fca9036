/**
 * Generates the docs of the MQTT contract from src/contract: asyncapi.yaml, and the marked tables of mqtt.md.
 *
 *   npm run docs:contract [-- FOLDER]     writes files that are out of date
 *   npm run docs:contract -- --check      writes nothing; exits with 1 if a file is out of date
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { asyncapiDocument } from './asyncapi.ts';
import { withGeneratedBlocks } from './generated-blocks.ts';

const docs = join(import.meta.dirname, '../../docs');

/** The generated files of a folder like docs/ that are out of date, with their new text. */
export function outdatedDocs(folder = docs): Map<string, string> {
  const header = '# Written by `npm run docs:contract` from src/contract.\n';
  const current = new Map([
    ['asyncapi.yaml', header + stringify(asyncapiDocument(), { lineWidth: 0, aliasDuplicateObjects: false })],
    ['mqtt.md', withGeneratedBlocks(readFileSync(join(folder, 'mqtt.md'), 'utf8'))],
  ]);
  return new Map([...current].filter(([name, text]) => textOf(join(folder, name)) !== text));
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const folder = positionals[0] ?? docs;
  for (const [name, text] of outdatedDocs(folder)) {
    if (values.check) {
      console.error(`${join(folder, name)} is out of date: run npm run docs:contract`);
      process.exitCode = 1;
    } else {
      writeFileSync(join(folder, name), text);
      console.log(`wrote ${join(folder, name)}`);
    }
  }
}
