import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type Channel, contract } from '../../src/contract/contract.ts';
import { fieldTable } from './field-table.ts';
import { jsonSchemas } from './json-schemas.ts';

/**
 * Regenerates all text between `<!-- generated: NAME -->` and `<!-- end -->` of a Markdown text. NAME is `topics`,
 * the name of a channel of the contract, or `question`; the latter two give tables of fields.
 * @throws Error for an unknown name.
 */
export function withGeneratedBlocks(text: string): string {
  return text.replace(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => `${start}\n${blockOf(name)}\n\n${end}`,
  );
}

function blockOf(name: string): string {
  if (name === 'topics') return topicTable();
  const schemas = jsonSchemas();
  const schema = schemas[name];
  if (!schema) throw new Error(`<!-- generated: ${name} -->: there is no payload of that name`);
  return fieldTable(schema, schemas);
}

function topicTable(): string {
  const channels: readonly Channel[] = Object.values(contract);
  return markdownTable(
    ['topic', '', 'QoS', 'retained', 'content'],
    channels.map(({ address, direction, qos, retain, summary }) => [
      `\`${address.replace('scenecast/{device}/', '').replace(/\{(\w+)\}/g, '<$1>')}\``,
      direction,
      String(qos),
      retain ? 'yes' : 'no',
      summary,
    ]),
  );
}
