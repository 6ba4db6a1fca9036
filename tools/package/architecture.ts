/** As Debian calls it. */
export type Architecture = 'arm64' | 'amd64';

/** @throws Error for any other than arm64 and amd64 */
export function archOf(name: string): Architecture {
  if (name === 'arm64' || name === 'amd64') return name;
  throw new Error(`--arch ${name}: arm64 and amd64 are known`);
}
