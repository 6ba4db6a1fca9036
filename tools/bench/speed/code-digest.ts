import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

const sources = {
  engine: [
    'src/{vision,planning,setup,gate}/**/*.ts',
    'tools/bench/speed/{scenes,models,measure-cold,measure-scene,llama-server,mtmd-cli,tune-peer,peer-threads}.ts',
  ],
  daemon: ['bin/scenecast', 'src/**/*.ts', 'tools/bench/speed/{scenes,measure-daemon,daemon-process}.ts'],
} as const;

/** SHA-256 of the code that is measured: a change makes earlier results stale. */
export function codeDigest(measured: keyof typeof sources): string {
  const hash = createHash('sha256');
  const paths = globSync([...sources[measured]], { cwd: root });
  for (const path of ['build/native/mtmd.node', ...paths.sort()]) hash.update(readFileSync(join(root, path)));
  return hash.digest('hex');
}
