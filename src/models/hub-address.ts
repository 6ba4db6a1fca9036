import { ConfigError } from '../domain/errors.ts';
import { partNamesOf } from './split-parts.ts';

/** The address of a file: in a hub's repository at a revision, or at a plain URL. */
export type HubAddress =
  | {
      readonly hub: 'hf' | 'modelscope';
      /** owner/name */
      readonly repo: string;
      /** The path inside the repository. */
      readonly path: string;
      readonly revision: string;
    }
  | { readonly hub: 'url'; readonly url: URL };

/** Valid names of a model's folder: they cannot form a path. */
export const modelNamePattern = /^[a-z0-9][a-z0-9._-]*$/;

const defaultRevisions = { hf: 'main', modelscope: 'master' } as const;
const forms =
  'hf:owner/repo/file.gguf[@revision], modelscope:owner/repo/file.gguf[@revision] or an http(s) URL';

/** Whether a word is an address, rather than a model's name. */
export function isAddress(text: string): boolean {
  return /^(?:hf|modelscope|https?):/.test(text);
}

/**
 * Reads an address. Hugging Face's own URLs (`https://huggingface.co/owner/repo/resolve/main/file`) are read as
 * `hf:` addresses, because only those have a digest to check against.
 * @param as the name that the file will have on this machine, instead of its own
 * @throws ConfigError with the address and the valid forms.
 */
export function parseAddress(text: string, as?: string): HubAddress {
  const address = readAddress(text);
  checkFileName(text, as ?? fileNameOf(address), as !== undefined);
  return address;
}

function readAddress(text: string): HubAddress {
  const hubbed = /^(hf|modelscope):([^/]+\/[^/]+)\/(.+?)(?:@([^@]+))?$/.exec(text);
  if (hubbed) {
    const hub = hubbed[1] as 'hf' | 'modelscope';
    return hubAddress(text, hub, hubbed[2]!, hubbed[3]!, hubbed[4] ?? defaultRevisions[hub]);
  }
  if (!/^https?:\/\//.test(text)) throw new ConfigError(`${text}: not an address; it must be ${forms}`);
  if (!URL.canParse(text) || !isDecodable(text)) throw new ConfigError(`${text}: not a valid URL`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw new ConfigError(
      `${withoutQuery(url)}: contains a password; remove it, and give a token with --token-file if needed`,
    );
  const page = /^\/([\w.-]+\/[\w.-]+)\/(?:resolve|blob|raw)\/([^/]+)\/(.+)$/.exec(
    decodeURIComponent(url.pathname),
  );
  if (page && (url.host === 'huggingface.co' || url.host === 'hf.co'))
    return hubAddress(text, 'hf', page[1]!, page[3]!, page[2]!);
  return { hub: 'url', url };
}

function hubAddress(
  text: string,
  hub: 'hf' | 'modelscope',
  repo: string,
  writtenPath: string,
  revision: string,
): HubAddress {
  const path = decoded(writtenPath);
  if (!/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(repo))
    throw new ConfigError(`${text}: "${repo}" is not a repository; it must be ${forms}`);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new ConfigError(`${text}: "${path}" is not a path inside a repository`);
  if (!/^[\w.][\w./-]*$/.test(revision) || revision.includes('..'))
    throw new ConfigError(`${text}: "${revision}" is not a revision`);
  return { hub, repo, path, revision };
}

/** File names of file systems have at most 255 bytes, and a part's is longer than its file's. */
const maxNameLength = 200;

function checkFileName(text: string, name: string, isChosen: boolean): void {
  const where = isChosen ? '--as' : text;
  const remedy = isChosen ? '' : '; choose one with --as';
  if (name.length > maxNameLength)
    throw new ConfigError(`${where}: the file name is longer than ${maxNameLength} letters${remedy}`);
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(name))
    throw new ConfigError(
      `${where}: "${name}" is not a valid file name (letters, digits, and . _ + - are allowed)${remedy}`,
    );
}

/** The file's name on this machine: its own, with what is unsafe in a file name or a config replaced. */
export function fileNameOf(address: HubAddress): string {
  const path = address.hub === 'url' ? decodeURIComponent(address.url.pathname) : address.path;
  const name = path.split('/').at(-1)!;
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w.+-]+/g, '-')
    .replace(/^[-+_]+/, '')
    .replace(/-*\.gguf$/i, '.gguf');
}

/** Addresses are often copied out of URLs. A % that is none of an escape stays. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The addresses of all parts of a split GGUF, in order; of a file that is not split, its own. */
export function partAddressesOf(address: HubAddress): HubAddress[] {
  const path = address.hub === 'url' ? address.url.pathname : address.path;
  const [name, folder] = [path.split('/').at(-1)!, path.slice(0, path.lastIndexOf('/') + 1)];
  return partNamesOf(name).map((part) => {
    if (part === name) return address;
    if (address.hub !== 'url') return { ...address, path: `${folder}${part}` };
    const url = new URL(address.url);
    url.pathname = `${folder}${part}`;
    return { hub: 'url', url };
  });
}

/** The address for people; a URL without its query, which may hold a signature. */
export function formatAddress(address: HubAddress): string {
  if (address.hub === 'url') return withoutQuery(address.url);
  const { hub, repo, path, revision } = address;
  return `${hub}:${repo}/${path}${revision === defaultRevisions[hub] ? '' : `@${revision}`}`;
}

/** The folder name of a model pulled by address: from the repository, else from the file. */
export function modelNameOf(address: HubAddress): string {
  const base =
    address.hub === 'url' ? fileNameOf(address).replace(/\.gguf$/i, '') : address.repo.split('/')[1]!;
  return base.toLowerCase().replaceAll('+', '-');
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(new URL(text).pathname);
    return true;
  } catch {
    return false;
  }
}

function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
