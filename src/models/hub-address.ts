import { ConfigError } from '../domain/errors.ts';

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
 * @throws ConfigError with the address and the valid forms.
 */
export function parseAddress(text: string): HubAddress {
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
  const page = /^\/([\w.-]+\/[\w.-]+)\/(?:resolve|blob)\/([^/]+)\/(.+)$/.exec(
    decodeURIComponent(url.pathname),
  );
  if (page && (url.host === 'huggingface.co' || url.host === 'hf.co'))
    return hubAddress(text, 'hf', page[1]!, page[3]!, page[2]!);
  checkFileName(text, fileNameOf({ hub: 'url', url }));
  return { hub: 'url', url };
}

function hubAddress(
  text: string,
  hub: 'hf' | 'modelscope',
  repo: string,
  path: string,
  revision: string,
): HubAddress {
  if (!/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(repo))
    throw new ConfigError(`${text}: "${repo}" is not a repository; it must be ${forms}`);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new ConfigError(`${text}: "${path}" is not a path inside a repository`);
  if (!/^[\w.][\w./-]*$/.test(revision) || revision.includes('..'))
    throw new ConfigError(`${text}: "${revision}" is not a revision`);
  const address: HubAddress = { hub, repo, path, revision };
  checkFileName(text, fileNameOf(address));
  return address;
}

function checkFileName(text: string, name: string): void {
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(name))
    throw new ConfigError(
      `${text}: "${name}" is not a valid file name (letters, digits, and . _ + - are allowed)`,
    );
}

/** The file's name on this machine. */
export function fileNameOf(address: HubAddress): string {
  const path = address.hub === 'url' ? decodeURIComponent(address.url.pathname) : address.path;
  return path.split('/').at(-1)!;
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
