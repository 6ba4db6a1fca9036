import { shorten } from './shorten.ts';
import { withoutSecrets } from './shown-address.ts';

/** What is wrong with a field, as `cameras.a.interval: must be a duration (it is 10)`; a value of undefined is not shown. */
export function faultLine(path: readonly PropertyKey[], message: string, value?: unknown): string {
  const field = path.join('.') || '(top level)';
  const shown = value === undefined ? '' : ` (it is ${shorten(withoutSecrets(JSON.stringify(value)), 80)})`;
  return `${field}: ${message}${shown}`;
}
