import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stageSources } from '../../tools/package/javascript.ts';

const repository = join(import.meta.dirname, '../..');

test('the packaged sources are JavaScript that runs, and name nothing that is not there', () => {
  const project = mkdtempSync(join(tmpdir(), 'scenecast-javascript-'));
  onTestFinished(() => rmSync(project, { recursive: true }));
  stageSources(project, repository);
  for (const part of ['package.json', 'node_modules', 'models', 'build'])
    symlinkSync(join(repository, part), join(project, part));
  const scenecast = (...args: string[]): string =>
    execFileSync(join(project, 'bin/scenecast'), args, { encoding: 'utf8' });
  expect(scenecast('--help')).toBe(
    execFileSync(join(repository, 'bin/scenecast'), ['--help'], { encoding: 'utf8' }),
  );
  // The catalogue, which is no module; and an engine's worker.
  expect(scenecast('models', 'list')).toContain('llava-1.6');
  expect(scenecast('models', 'show', 'models/demo/demo-text-f16.gguf')).toContain('squares of 112 pixels');

  const modules = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' });
  expect(modules.filter((name) => name.endsWith('.ts'))).toEqual([]);
  const missing = modules
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(project, 'src', name))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/['"](\.{1,2}\/[^'"\n]*\.[jt]s)['"]/g)].map(([, named]) =>
        join(dirname(path), named!),
      ),
    )
    .filter((path) => !existsSync(path));
  expect(missing).toEqual([]);
});
