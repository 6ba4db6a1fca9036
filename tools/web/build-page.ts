/**
 * Builds the page of the window, web/, into static files that the daemon serves.
 *
 *   npm run build:web     writes build/web; fails if it takes more than 150 kB compressed
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const repository = join(import.meta.dirname, '../..');
const folder = join(repository, 'build/web');
const maxBytes = 150_000;

await build({
  configFile: false,
  root: join(repository, 'web'),
  // Relative, so that a proxy may put it at any path.
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: folder,
    emptyOutDir: true,
    target: ['chrome100', 'firefox100', 'safari15.4'],
    modulePreload: false,
    // The content security policy allows files alone.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});

const sizes = globSync('**/*.*', { cwd: folder }).map(
  (path) => gzipSync(readFileSync(join(folder, path)), { level: 9 }).length,
);
const sizeBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
console.log(`build/web: ${(sizeBytes / 1000).toFixed(1)} kB compressed, in ${sizes.length} files`);
if (sizeBytes > maxBytes) {
  console.error(`build:web: more than ${maxBytes / 1000} kB; see what was added`);
  process.exitCode = 1;
}
