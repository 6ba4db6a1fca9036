import { withoutSecrets } from '../domain/shown-address.ts';
import type { Config } from './schema.ts';

/** Replaces a secret; null stays null. */
const hidden = '***';
const secretKey = /^(user|username|login|token|token_file|.*_token|.*(password|secret|credential).*)$/i;

/**
 * The effective config without secrets, for publishing: without user names, passwords and paths of password files, and
 * without the login and query of addresses, nor the path of camera addresses, nor the location. Durations are in
 * milliseconds.
 */
export function redactedConfig(config: Config): Record<string, unknown> {
  const { location, ...others } = config;
  return {
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [key, redacted(key, value)])),
    location: location && hidden,
  };
}

function redacted(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (secretKey.test(key)) return hidden;
  if (typeof value === 'string')
    return isCameraAddress(key, value) ? withoutPath(value) : withoutSecrets(value);
  if (Array.isArray(value)) return value.map((item) => redacted('', item));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([inner, part]) => [inner, redacted(inner, part)]));
}

function isCameraAddress(key: string, value: string): boolean {
  return key === 'input' || (key === 'url' && /^https?:/i.test(value));
}

/** Some cameras expect the login or a key in the path; a filter graph may contain another address. */
function withoutPath(input: string): string {
  if (input.startsWith('lavfi:')) return `lavfi:${hidden}`;
  return withoutSecrets(input).replace(/^(\w+:\/\/[^/?#]*)[/?#].*$/, `$1/${hidden}`);
}
