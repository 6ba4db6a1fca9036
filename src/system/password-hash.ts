import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** The parts of a password hash, as the PHC string format writes scrypt's. */
interface PasswordHash {
  /** log2 of scrypt's N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

const form =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/;
/** The memory that a hash takes, 128 * N * r bytes, is bounded: 64 MiB. */
const maxBytes = 2 ** 26;

/**
 * Reads `$scrypt$ln=15,r=8,p=1$SALT$KEY`; null: it is not of this form, or takes too much memory to check.
 * https://github.com/P-H-C/phc-string-format
 */
function passwordHashOf(text: string): PasswordHash | null {
  const [, ln, r, p, salt, key] = form.exec(text) ?? [];
  if (ln === undefined || salt === undefined || key === undefined) return null;
  const hash = {
    logN: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
  const isStrong = hash.logN >= 14 && hash.r >= 8 && hash.p >= 1 && hash.p <= 4;
  return isStrong && 128 * 2 ** hash.logN * hash.r <= maxBytes ? hash : null;
}

/** Whether a text is a hash that can be checked. */
export function isPasswordHash(text: string): boolean {
  return passwordHashOf(text) !== null;
}

/** 32 MiB for each check, about a tenth of a second on a PC. */
const cost = { logN: 15, r: 8, p: 1 } as const;
const [saltBytes, keyBytes] = [16, 32];

/** A new hash of a password, to be kept in a config. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await keyOf(password, { ...cost, salt }, keyBytes);
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${cost.logN},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(key)}`;
}

/** Whether a hash is that of a password; takes the same time for each. Rejects if the hash is not of the form. */
export async function isPasswordOf(hash: string, password: string): Promise<boolean> {
  const read = passwordHashOf(hash);
  if (!read) throw new TypeError('not a password hash');
  return timingSafeEqual(await keyOf(password, read, read.key.length), read.key);
}

function keyOf(
  password: string,
  { logN, r, p, salt }: Omit<PasswordHash, 'key'>,
  length: number,
): Promise<Buffer> {
  const N = 2 ** logN;
  // Letters that look the same are the same, whichever keyboard wrote them.
  const text = password.normalize('NFC');
  return new Promise((resolve, reject) => {
    scrypt(text, salt, length, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 2 ** 20 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
