import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** SHA-256 of the code that is measured: a change makes earlier results stale. */
export function codeDigest(): string {
  const hash = createHash('sha256');
  const sources = globSync(
    [
      'src/{vision,planning,setup,gate}/**/*.ts',
      'tools/bench/speed/{scenes,models,measure-*,llama-server}.ts',
    ],
    {
      cwd: root,
    },
  );
  for (const path of ['build/native/mtmd.node', ...sources.sort()])
    hash.update(readFileSync(join(root, path)));
  return hash.digest('hex');
}
