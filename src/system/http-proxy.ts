import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '../domain/errors.ts';
import { HttpError } from './http-error.ts';
import { requestPlain } from './plain-http.ts';

/** An HTTP proxy. */
export interface HttpProxy {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization, a secret; null: no login. */
  readonly authorization: string | null;
}

/**
 * The proxy that the environment names for an address: `http_proxy`, `https_proxy`, else `all_proxy`, unless `no_proxy`
 * lists the host; each in lower or upper case. Null: none. The rules are curl's, with HTTP_PROXY in upper case too, since no
 * request here comes from a CGI server.
 * @throws ConfigError that names the variable, without its value, which may hold a password
 */
export function proxyOf(url: URL, env: NodeJS.ProcessEnv): HttpProxy | null {
  const scheme = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const name = [scheme, scheme.toUpperCase(), 'all_proxy', 'ALL_PROXY'].find((each) => env[each]?.trim());
  if (name === undefined || isExempt(url, env['no_proxy'] ?? env['NO_PROXY'] ?? '')) return null;
  return readProxy(name, env[name]!.trim());
}

function readProxy(name: string, text: string): HttpProxy {
  const withScheme = /^[a-z0-9+.-]+:\/\//i.test(text) ? text : `http://${text}`;
  const fault = `${name}: must be the address of a proxy, such as http://proxy.example:3128`;
  if (!URL.canParse(withScheme)) throw new ConfigError(fault);
  const { protocol, hostname, port, username, password } = new URL(withScheme);
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new ConfigError(`${fault}; ${protocol.slice(0, -1)} proxies are not supported`);
  const isSecure = protocol === 'https:';
  const login = `${decoded(name, username)}:${decoded(name, password)}`;
  return {
    isSecure,
    host: bareHost(hostname),
    // As curl: 1080 is the port of proxies, but a URL without a port is mostly meant as a URL.
    port: Number(port) || (isSecure ? 443 : 80),
    authorization: login === ':' ? null : `Basic ${Buffer.from(login).toString('base64')}`,
  };
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigError(`${name}: a % in user or password must be written as %25`);
  }
}

/** Whether a list such as `localhost, .lan, 192.168.0.0/16, example.org:8443` has this address. */
function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url.hostname).replace(/\.$/, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      if (isIP(host) !== 0 && entry.includes('/')) return isInNetwork(host, entry);
      const [, name, onlyPort] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [null, entry];
      if (onlyPort !== undefined && onlyPort !== port) return false;
      const bare = bareHost(name!)
        .replace(/^\*?\./, '')
        .replace(/\.$/, '');
      return bare !== '' && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)));
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [base = '', prefix = ''] = network.split('/');
  const address = bareHost(base);
  const family = (text: string): 'ipv4' | 'ipv6' => (isIP(text) === 6 ? 'ipv6' : 'ipv4');
  const max = family(address) === 'ipv6' ? 128 : 32;
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > max) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family(address));
  return list.check(host, family(host));
}

/** A host without the brackets around an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** The headers that a proxy needs. */
export function proxyHeaders({ authorization }: HttpProxy): Record<string, string> {
  return authorization === null ? {} : { 'Proxy-Authorization': authorization };
}

/**
 * Opens a tunnel to a host, over a connection to the proxy.
 * @throws HttpError if the proxy refuses it
 */
export function openTunnel(
  proxy: HttpProxy,
  socket: Duplex,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host;
  const path = `${host}:${target.port}`;
  const request = requestPlain({
    method: 'CONNECT',
    path,
    headers: { Host: path, ...proxyHeaders(proxy) },
    signal,
    createConnection: () => socket,
  });
  request.once('connect', (response, tunnel) => {
    const status = response.statusCode!;
    if (status >= 200 && status < 300) return resolve(tunnel);
    tunnel.destroy();
    reject(proxyRefusal(proxy, status));
  });
  request.once('response', (response) => {
    response.destroy();
    reject(proxyRefusal(proxy, response.statusCode!));
  });
  request.on('error', (error) => reject(signal.aborted ? signal.reason : error));
  request.end();
  return promise;
}

/** What a status of the proxy itself means. */
export function proxyRefusal({ host, port, authorization }: HttpProxy, status: number): HttpError {
  const where = `the proxy ${host}:${port}`;
  if (status !== 407) return new HttpError('proxy', `${where} refuses to connect to it (status ${status})`);
  const remedy =
    authorization === null
      ? 'asks for a login; put it into the address, as http://user:password@host:port'
      : 'refuses the user or password of its address';
  return new HttpError('proxy', `${where} ${remedy} (status 407)`);
}
