import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { faultLine } from '../domain/fault-line.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { type Config, configSchema } from './schema.ts';

/**
 * Reads and checks a YAML config file.
 * @throws ConfigError that lists every fault: field, value and what it must be.
 */
export async function loadConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`config ${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  return parseConfig(text, path);
}

/** Like {@link loadConfig}, from the text itself; `path` appears only in errors. */
export function parseConfig(text: string, path: string): Config {
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault)
    throw new ConfigError(`config ${path}: not valid YAML: ${withoutSecrets(fault.message)}`, {
      cause: fault,
    });
  const result = configSchema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${describeIssue(issue)}`);
  throw new ConfigError([`config ${path}:`, ...lines].join('\n'), { cause: result.error });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => `"${key}"`).join(', ');
    return faultLine(path, `unknown key ${keys}; remove it or correct its spelling`);
  }
  if (issue.input === undefined && issue.code === 'invalid_type')
    return faultLine(path, `is missing; ${message}`);
  const field = path.join('.');
  const isSecret = /password|secret|token$/.test(field) || /^mqtt\.url$|\.source\.(input|url)$/.test(field);
  return faultLine(path, message, isSecret ? undefined : faultyValue(issue));
}

/** The value at fault. If it is an object, only the member that the path names: others may be secret. */
function faultyValue({ input, path }: z.core.$ZodIssue): unknown {
  if (input === null || typeof input !== 'object') return input;
  return (input as Record<PropertyKey, unknown>)[path.at(-1) ?? ''];
}
