const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The time that a ULID begins with, in milliseconds since 1970. (https://github.com/ulid/spec) */
export function ulidTime(id: string): number {
  return [...id.slice(0, 10)].reduce((ms, letter) => ms * 32 + letters.indexOf(letter), 0);
}
