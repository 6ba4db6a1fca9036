import { z } from 'zod';
import { messageOf } from '../../domain/errors.ts';
import { discardBody } from '../../system/http-client.ts';
import { formatAddress, type HubAddress } from '../hub-address.ts';
import { HubError } from './hub-error.ts';
import { type HubAccess, type HubAnswer, requestHub } from './hub-request.ts';
import { withRetries } from './hub-retries.ts';
import { readAhead } from './read-ahead.ts';

/** `git-sha1` is that of a git blob, which identifies small files outside LFS on Hugging Face. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly hex: string;
}

/** A hub's description of a file. */
export interface RemoteFile {
  /** For people. */
  readonly address: string;
  /** The download's URL; on a hub, at the described commit. */
  readonly url: string;
  readonly token: string | null;
  readonly sizeBytes: number | null;
  /** The hub's own digest; null for plain URLs and mirrors without one. */
  readonly digest: Digest | null;
  readonly revision: string | null;
}

/**
 * Requests a file's size, digest and commit from the hub.
 * @throws HubError if the hub fails, does not have the file, or contradicts itself.
 */
export async function describeRemoteFile(address: HubAddress, access: HubAccess): Promise<RemoteFile> {
  if (address.hub === 'url')
    // Size and ETag come with the download: servers often answer HEAD wrongly.
    return {
      address: formatAddress(address),
      url: address.url.href,
      token: null,
      sizeBytes: null,
      digest: null,
      revision: null,
    };
  return withRetries(access, () =>
    address.hub === 'hf' ? describeOnHuggingFace(address, access) : describeOnModelScope(address, access),
  );
}

type RepositoryAddress = Exclude<HubAddress, { hub: 'url' }>;

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    oid: z.string(),
    size: z.int().nonnegative(),
    lfs: z.object({ oid: z.string(), size: z.int().nonnegative() }).optional(),
  }),
);

/**
 * Hugging Face: the HEAD of `resolve` names commit, size and ETag (`x-repo-commit`, `x-linked-size`,
 * `x-linked-etag`: the SHA-256 of an LFS file, the git blob's SHA-1 of another), the tree API the same from the
 * repository itself. Source: huggingface_hub, get_hf_file_metadata; https://huggingface.co/docs/hub/api.
 */
async function describeOnHuggingFace(address: RepositoryAddress, access: HubAccess): Promise<RemoteFile> {
  const { repo, path, revision } = address;
  const endpoint = access.endpoints.hf;
  const token = access.hfToken;
  const resolve = (at: string): string =>
    `${endpoint}/${repo}/resolve/${encodeURIComponent(at)}/${encodePath(path)}`;
  const answer = await ask(resolve(revision), access, { method: 'HEAD', token });
  discardBody(answer);
  const commit = answer.headerOnTheWay('x-repo-commit') ?? revision;
  const linkedSize = answer.headerOnTheWay('x-linked-size');
  // The plain ETag of a redirect is that of the LFS pointer, not of the file.
  const ownEtag = answer.status === 200 ? answer.header('etag') : null;
  const fromHead = digestOfEtag(answer.headerOnTheWay('x-linked-etag') ?? ownEtag);
  const inTree = await findInTree(address, commit, access);
  const fromTree: Digest | null =
    inTree &&
    (inTree.lfs ? { algorithm: 'sha256', hex: inTree.lfs.oid } : { algorithm: 'git-sha1', hex: inTree.oid });
  if (fromHead && fromTree && fromHead.algorithm === fromTree.algorithm && fromHead.hex !== fromTree.hex)
    throw new HubError(
      `${formatAddress(address)}: ${endpoint} contradicts itself: ${fromTree.hex} in the repository, ${fromHead.hex} in the download`,
      { isTemporary: false },
    );
  return {
    address: formatAddress(address),
    url: resolve(commit),
    token,
    sizeBytes: inTree?.lfs?.size ?? inTree?.size ?? (linkedSize === null ? null : Number(linkedSize)),
    digest: fromTree ?? fromHead,
    revision: commit,
  };
}

/** The file's entry of the repository's listing; null if the mirror has no tree API. */
async function findInTree(
  { repo, path, revision }: RepositoryAddress,
  commit: string,
  access: HubAccess,
): Promise<z.infer<typeof treeSchema>[number] | null> {
  const folder = path.includes('/') ? `/${encodePath(path.slice(0, path.lastIndexOf('/')))}` : '';
  const start = `${access.endpoints.hf}/api/models/${repo}/tree/${encodeURIComponent(commit)}${folder}`;
  let next: string | null = start;
  while (next !== null) {
    const page: Page<z.infer<typeof treeSchema>> | null = await askJson(
      next,
      access,
      treeSchema,
      access.hfToken,
    );
    if (page === null) return null;
    const found = page.body.find((entry) => entry.type === 'file' && entry.path === path);
    if (found) return found;
    next = nextPageOf(page.link, start);
  }
  throw new HubError(`hf:${repo}: ${path} is not in the repository at ${revision}`, { isTemporary: false });
}

/** The next page, from `Link: <...>; rel="next"`; only within the origin, so that the token stays there. */
function nextPageOf(link: string | null, start: string): string | null {
  const href = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(link ?? '')?.[1];
  if (href === undefined) return null;
  const url = new URL(href, start);
  return url.origin === new URL(start).origin ? url.href : null;
}

const filesSchema = z.object({
  Success: z.boolean().optional(),
  Message: z.string().nullish(),
  Data: z
    .object({
      Files: z
        .array(
          z.object({
            Path: z.string(),
            Type: z.string(),
            Size: z.int().nonnegative(),
            Sha256: z.string().nullish(),
            Revision: z.string().nullish(),
          }),
        )
        .nullable(),
    })
    .nullish(),
});

/**
 * ModelScope: the repository's file listing names `Path`, `Size` and `Sha256`; the file itself comes from `repo`.
 * Source: modelscope's own client, hub/api.py (get_model_files) and hub/file_download.py (FILE_HASH).
 */
async function describeOnModelScope(address: RepositoryAddress, access: HubAccess): Promise<RemoteFile> {
  const { repo, path, revision } = address;
  const api = `${access.endpoints.modelscope}/api/v1/models/${repo}/repo`;
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const query = new URLSearchParams({ Revision: revision, Root: folder });
  const listing = await askJson(`${api}/files?${query}`, access, filesSchema, null);
  const file = listing?.body.Data?.Files?.find((each) => each.Path === path && each.Type !== 'tree');
  if (!file)
    throw new HubError(
      `modelscope:${repo}: ${path} is not in the repository at ${revision}${listing?.body.Message ? ` (${listing.body.Message})` : ''}`,
      { isTemporary: false },
    );
  const commit = file.Revision || revision;
  return {
    address: formatAddress(address),
    url: `${api}?${new URLSearchParams({ Revision: commit, FilePath: path })}`,
    token: null,
    sizeBytes: file.Size,
    digest: file.Sha256 ? { algorithm: 'sha256', hex: file.Sha256.toLowerCase() } : null,
    revision: commit,
  };
}

interface Page<T> {
  readonly body: T;
  /** The header Link. */
  readonly link: string | null;
}

const maxPageBytes = 32 << 20;

/** An API's response, checked; null for 404. */
async function askJson<T>(
  url: string,
  access: HubAccess,
  schema: z.ZodType<T>,
  token: string | null,
): Promise<Page<T> | null> {
  let answer: HubAnswer;
  try {
    answer = await ask(url, access, { token });
  } catch (error) {
    if (error instanceof HubError && error.status === 404) return null;
    throw error;
  }
  try {
    return { body: schema.parse(JSON.parse(await readPage(answer))), link: answer.header('link') };
  } catch (cause) {
    access.signal.throwIfAborted();
    throw new HubError(
      `${new URL(url).host}: its response cannot be read: ${messageOf(cause).slice(0, 200)}`,
      { cause, isTemporary: !(cause instanceof z.ZodError) },
    );
  }
}

async function readPage({ body }: HubAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readAhead(body)) {
    size += chunk.length;
    if (size > maxPageBytes) throw new Error(`it is longer than ${maxPageBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function ask(
  url: string,
  access: HubAccess,
  options: { method?: 'HEAD'; token: string | null },
): Promise<HubAnswer> {
  const timeout = AbortSignal.timeout(access.idleTimeoutMs);
  try {
    const signal = AbortSignal.any([access.signal, timeout]);
    return await requestHub(url, { ...options, follow: 'same-origin', signal }, access);
  } catch (error) {
    access.signal.throwIfAborted();
    if (timeout.aborted)
      throw new HubError(`${new URL(url).host} did not answer within ${access.idleTimeoutMs} ms`, {
        isTemporary: true,
      });
    throw error;
  }
}

/** The digest inside an ETag of Hugging Face; null if it holds none. */
function digestOfEtag(etag: string | null): Digest | null {
  const hex = /^(?:W\/)?"?([0-9a-f]{40}|[0-9a-f]{64})"?$/.exec(etag ?? '')?.[1];
  return hex === undefined ? null : { algorithm: hex.length === 64 ? 'sha256' : 'git-sha1', hex };
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
