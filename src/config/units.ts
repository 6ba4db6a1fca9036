import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { namePattern } from '../contract/fields.ts';

/** The units of durations, in milliseconds. */
export const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const spanOf = (examples: string) =>
  z
    .string({ error: `must be a duration such as ${examples}, with its unit` })
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, `must be a duration such as ${examples}`)
    .transform((text) => {
      const [, amount = '0', unit = 'ms'] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
      return Math.round(Number(amount) * (unitMs[unit] ?? 1));
    });

/** A duration such as `500ms`, `10s`, `5m`, `1h` or `1d`, parsed to whole milliseconds. */
export const duration = spanOf('500ms, 10s, 5m or 1h')
  // setTimeout takes no more than 2^31 - 1 ms, and anything under 100 ms would be a busy loop.
  .refine((ms) => ms >= 100 && ms <= 24 * 86_400_000, 'must be from 100ms to 24d');

/** The age of something that is kept, such as `12h` or `90d`, parsed to whole milliseconds. No timer runs for so long. */
export const age = spanOf('12h or 90d').refine(
  (ms) => ms >= 3_600_000 && ms <= 36_500 * 86_400_000,
  'must be from 1h to 36500d',
);

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** An amount of memory or storage such as `2GiB` or `1500MB`, parsed to whole bytes. */
export const bytes = z
  .string({ error: 'must be an amount such as 512MiB or 2GiB, with its unit' })
  .regex(/^\d+(\.\d+)?(B|[KMG]iB|kB|MB|GB)$/, 'must be an amount such as 512MiB or 2GiB')
  .transform((text) => {
    const [, amount = '0', unit = 'MiB'] = /^([\d.]+)([A-Za-z]+)$/.exec(text) ?? [];
    return Math.round(Number(amount) * unitBytes[unit]!);
  });

/** A picture size such as `1280x720`, parsed to pixels; each side 1 to 16384. */
export const size = z
  .string({ error: 'must be a size such as 1280x720' })
  .regex(/^\d{1,5}x\d{1,5}$/, 'must be a size such as 1280x720')
  .transform((text) => {
    const [width = 0, height = 0] = text.split('x').map(Number);
    return { width, height };
  })
  .refine(({ width, height }) => Math.min(width, height) >= 1 && Math.max(width, height) <= 16384, {
    error: 'each side must be 1 to 16384 pixels',
  });

/** A name that becomes one MQTT topic level and one JSON key. */
export const name = z.string().regex(namePattern, { error: ({ input }) => nameWords(String(input)) });

function nameWords(text: string): string {
  const proposal = proposedName(text);
  const rule =
    'must be 1 to 64 letters (a to z), digits, "_" or "-", beginning with a letter or digit, as it becomes an MQTT topic level';
  return `${rule}; use ${proposal ?? 'another name such as camera_1'}`;
}

const letters: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  ł: 'l',
  đ: 'd',
};

/** The name closest to a text, as `Kueche` to `Küche`; null if it has no Latin letter or digit. */
function proposedName(text: string): string | null {
  const spelt = text.normalize('NFC').replace(/[äöüßæøłđ]/giu, (letter) => {
    const latin = letters[letter.toLowerCase()]!;
    return letter === letter.toLowerCase() ? latin : latin.charAt(0).toUpperCase() + latin.slice(1);
  });
  const plain = spelt
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^[_-]+|_+$/g, '');
  return plain === '' ? null : plain.slice(0, 64);
}

/** A path of a file or folder; `~/` is the home folder. */
export const path = z
  .string({ error: 'must be the path of a file or folder' })
  .min(1)
  .superRefine(refuseShellPath)
  .transform(expandHome);

/** Refuses what a shell would expand, except for `~/`. */
export function refuseShellPath(text: string, context: z.RefinementCtx): void {
  const refuse = (message: string): void => context.addIssue({ code: 'custom', input: text, message });
  if (/(^|\/)\$\{?\w/.test(text))
    refuse(
      'must not contain variables such as $HOME, which are not expanded; write the path itself, or ~/ for the home folder',
    );
  if (/^~[^/]/.test(text)) refuse('only ~/ (the home folder) is expanded; write the path itself');
  if (/^%\w\//.test(text)) refuse('must not contain specifiers of systemd such as %h; write the path itself');
}

/** A path with the home folder in place of `~`. */
export function expandHome(text: string): string {
  return /^~(\/|$)/.test(text) ? join(homedir(), text.slice(1)) : text;
}

/** Refuses an address of which the host or the port cannot be right. */
export function refuseFaultyAddress(address: string, context: z.RefinementCtx): void {
  const message = addressFault(address);
  if (message !== null) context.addIssue({ code: 'custom', input: address, message });
}

function addressFault(address: string): string | null {
  const authority = /^\w+:\/\/([^/?#]*)/.exec(address)?.[1] ?? '';
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority.replace(/^.*@/, '')) ?? [];
  if (
    port !== undefined &&
    port !== '' &&
    !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)
  )
    return /^[\da-f:]+$/i.test(authority) && authority.split(':').length > 2
      ? 'an IPv6 address must be in brackets, as in [fd00::1]'
      : 'its port must be a number from 1 to 65535';
  if (host === '') return 'its host is missing';
  return URL.canParse(address) ? null : 'its host is invalid';
}
