/** Debian's name of the architecture. */
export type Architecture = 'arm64' | 'amd64';

/** @throws Error unless it is arm64 or amd64 */
export function archOf(name: string): Architecture {
  if (name === 'arm64' || name === 'amd64') return name;
  throw new Error(`--arch ${name}: arm64 and amd64 are known`);
}
