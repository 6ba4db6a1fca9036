/**
 * Writes what docs/ says of the MQTT contract from src/contract: asyncapi.yaml, and the marked tables of mqtt.md.
 *
 *   npm run docs:contract               writes what is not current
 *   npm run docs:contract -- --check    writes nothing; exit 1 where something is not current
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { asyncapiDocument } from './asyncapi.ts';
import { withGeneratedBlocks } from './generated-blocks.ts';

const docs = join(import.meta.dirname, '../../docs');

/** Each generated file as it should be now, by its name below docs/. */
export function contractDocs(): Map<string, string> {
  const header = '# Written by `npm run docs:contract` from src/contract.\n';
  return new Map([
    ['asyncapi.yaml', header + stringify(asyncapiDocument(), { lineWidth: 110, aliasDuplicateObjects: false })],
    ['mqtt.md', withGeneratedBlocks(readFileSync(join(docs, 'mqtt.md'), 'utf8'))],
  ]);
}

/** The names of those that are not. */
export function outdatedDocs(): string[] {
  return [...contractDocs()].filter(([name, text]) => textOf(name) !== text).map(([name]) => name);
}

function textOf(name: string): string | null {
  const path = join(docs, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const outdated = outdatedDocs();
  if (values.check) {
    for (const name of outdated) console.error(`docs/${name} is not current: npm run docs:contract`);
    process.exitCode = outdated.length > 0 ? 1 : 0;
  } else {
    const current = contractDocs();
    for (const name of outdated) {
      writeFileSync(join(docs, name), current.get(name)!);
      console.log(`wrote docs/${name}`);
    }
  }
}
