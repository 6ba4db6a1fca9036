import { withoutSecrets } from '../domain/shown-address.ts';
import type { Config } from './schema.ts';

/** What stands in for a secret that is there; null stays null. */
const hidden = '***';
const secretKey = /^(user|username|login|token|.*_token|.*(password|secret|credential).*)$/i;

/**
 * The config in force, fit to be published: without user names, passwords, the paths of password files, and what may hold
 * keys in an address: the login and the query of any, and of a camera's the path too. Durations are in milliseconds.
 */
export function redactedConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, redacted(key, value)]));
}

function redacted(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (secretKey.test(key)) return hidden;
  if (typeof value === 'string') return key === 'input' ? withoutPath(value) : withoutSecrets(value);
  if (Array.isArray(value)) return value.map((item) => redacted('', item));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([inner, part]) => [inner, redacted(inner, part)]));
}

/** Some cameras want their login or a key in the path; a filter graph may name another address. */
function withoutPath(input: string): string {
  if (input.startsWith('lavfi:')) return `lavfi:${hidden}`;
  return withoutSecrets(input).replace(/^(\w+:\/\/[^/?#]*)[/?#].*$/, `$1/${hidden}`);
}
