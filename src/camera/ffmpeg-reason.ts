import { CameraError } from '../domain/errors.ts';
import { LoginRefusedError } from './login-refusal.ts';

/** Faults of an ffmpeg camera: ffmpeg's words for them, and the remedy. */
const reasons: readonly { readonly name: string; readonly words: RegExp; readonly remedy?: string }[] = [
  {
    name: 'unauthorised',
    words: /\b40[13] (Unauthorized|Forbidden)|access denied|authorization failed/i,
    remedy: 'check username and password_file',
  },
  { name: 'not found', words: /\b404 Not Found|No such file/i, remedy: 'check the path in input' },
  { name: 'refused', words: /Connection refused/i, remedy: 'nothing listens there; check host and port' },
  {
    name: 'unreachable',
    words: /timed out|No route to host|unreachable|Failed to resolve|Name or service not known/i,
    remedy: 'check the address and the network',
  },
  {
    name: 'no video stream',
    words: /matches no streams|does not contain any stream|method PLAY failed: 45[45]/i,
  },
  {
    name: 'codec unknown',
    words:
      /Decoder .*not found|Unknown decoder|no decoder|Invalid data found|could not find codec|codec .*not supported|dimensions not set/i,
    remedy: 'check that the address serves video in a codec that ffmpeg decodes',
  },
];

/**
 * A CameraError for a source that gives no picture; its message begins with the fault's name.
 * `lines` is ffmpeg's log, oldest line first.
 */
export function openingError(lines: readonly string[], secrets: readonly string[]): CameraError {
  for (const { name, words, remedy } of reasons) {
    const line = lines.findLast((line) => isError(line) && words.test(line));
    if (line === undefined) continue;
    const message = `${name}${remedy ? `; ${remedy}` : ''}${quote(line, secrets)}`;
    return name === 'unauthorised' ? new LoginRefusedError(message) : new CameraError(message);
  }
  return new CameraError(`ended${lastErrorOf(lines, secrets)}`);
}

/** ffmpeg's last error in brackets, scrubbed for logs and topics; empty if it reported none. */
export function lastErrorOf(lines: readonly string[], secrets: readonly string[]): string {
  const last = lines.findLast((line) => isError(line) && bare(line) !== '');
  return last === undefined ? '' : quote(last, secrets);
}

function quote(line: string, secrets: readonly string[]): string {
  return ` (ffmpeg: ${scrub(bare(line), secrets)})`;
}

function isError(line: string): boolean {
  return /\[(error|fatal|panic)\]/.test(line);
}

/** A line without ffmpeg's prefix of memory addresses and level. */
function bare(line: string): string {
  return line
    .replace(/^(\[[^\]]*\] ?)+/, '')
    .replace(/^pipe:0: /, '')
    .trim();
}

/** Removes secrets from a text, and all but scheme, host and port from every address. At most 200 characters. */
export function scrub(text: string, secrets: readonly string[]): string {
  let scrubbed = text;
  for (const secret of secrets) if (secret !== '') scrubbed = scrubbed.replaceAll(secret, '***');
  scrubbed = scrubbed.replace(/([a-z][a-z0-9+.-]*:\/\/)(?:[^\s'"]*@)?([^\s'"/?#@]*)[^\s'"]*/gi, '$1$2');
  return scrubbed.length > 200 ? `${scrubbed.slice(0, 197)}...` : scrubbed;
}
