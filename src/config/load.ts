import { ConfigError } from '../domain/errors.ts';
import { readUtf8 } from '../system/read-text.ts';
import { describeIssue, issueWords } from './faults/describe-issue.ts';
import { readYaml } from './read-yaml.ts';
import { type Config, configSchema } from './schema.ts';

const maxConfigBytes = 2 ** 20;
const maxFaults = 40;

/**
 * Reads and checks a YAML config file.
 * @throws ConfigError that lists every fault: line, field, value and what it must be.
 */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(await readUtf8(path, `config ${path}`, maxConfigBytes), path);
}

/** Like {@link loadConfig}, from the text itself; `path` appears only in errors. */
export function parseConfig(text: string, path: string): Config {
  const yaml = readYaml(text);
  if (yaml.faults.length > 0) throw faultsOf(path, yaml.faults);
  const value = prepared(yaml.value);
  const result = configSchema.safeParse(value, { reportInput: true, error: issueWords });
  if (result.success) return result.data;
  // A field has one fault at a time.
  const faults = new Map<string, { line: number; text: string }>();
  for (const { path: field, text: fault } of result.error.issues.flatMap((issue) =>
    describeIssue(configSchema, value, issue),
  )) {
    const line = yaml.lineOf(field);
    const shown = line === null ? fault : `line ${line}: ${fault}`;
    const key = field.join('.');
    if (!faults.has(key)) faults.set(key, { line: line ?? Infinity, text: shown });
  }
  const sorted = [...faults.values()].sort((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : 0));
  throw faultsOf(
    path,
    sorted.map(({ text: fault }) => fault),
    result.error,
  );
}

/** Sections that null switches off. To the others it is the same as an empty section. */
const optionalSections = new Set(['history']);

/** Without blocks that are only there to be shared, as `x-common: &common`; an empty section is one that is left out. */
function prepared(value: unknown): unknown {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, section]) => [key, optionalSections.has(key) ? section : (section ?? undefined)]),
  );
}

function faultsOf(path: string, faults: readonly string[], cause?: unknown): ConfigError {
  const lines = faults.slice(0, maxFaults).map((fault) => `  ${fault}`);
  if (faults.length > maxFaults) lines.push(`  and ${faults.length - maxFaults} more`);
  return new ConfigError([`config ${path}:`, ...lines].join('\n'), { cause });
}
