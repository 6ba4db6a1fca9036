import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, posix, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ConfigError, isMissingFile } from '../domain/errors.ts';

export interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** null: it is not smaller. */
  readonly gzip: Buffer | null;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Reads and compresses the files of the page, by their path, such as `assets/main.js`. What is not in the map is not served, so
 * that no path leads elsewhere. Files of other kinds are left out.
 * @throws ConfigError if the page has not been built
 */
export async function readStaticFiles(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    if (!isMissingFile(cause)) throw cause;
    throw new ConfigError(
      `web.listen: the page has not been built (${folder} does not exist); run npm run build:web, or set listen to null`,
      { cause },
    );
  });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && types[extname(entry.name)] !== undefined)
      .map(({ parentPath, name }) => join(parentPath, name))
      .map(async (path): Promise<[string, StaticFile]> => {
        const name = relative(folder, path).replaceAll(sep, posix.sep);
        return [name, await compressed(await readFile(path), types[extname(path)]!)];
      }),
  );
  return new Map(files);
}

async function compressed(plain: Buffer, type: string): Promise<StaticFile> {
  const zipped = await promisify(gzip)(plain, { level: 9 });
  return {
    type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    gzip: zipped.length < plain.length ? zipped : null,
  };
}
