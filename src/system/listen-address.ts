import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address, or localhost. */
  readonly host: string;
  readonly port: number;
}

/** What a request says of where it comes from; Node's IncomingMessage fits. */
export type RequestHead = Pick<IncomingMessage, 'headers' | 'httpVersion'>;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Headers that a proxy adds: the program behind them may be anywhere. */
const forwarding = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
];

/** Reads `127.0.0.1:8481`, `[::1]:8481` or `localhost:8481`; null: it is none of these. */
export function listenAddressOf(text: string): ListenAddress | null {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const isHost = bracketed === undefined ? isIP(host) === 4 || host === 'localhost' : isIP(host) === 6;
  return isHost && Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : null;
}

/** Whether only programs of this machine can reach a host: an IP address, or localhost. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'));
}

/** The host of a `Host` header, without its port and the brackets of an IPv6 address. */
export function hostOf(header: string): string {
  return header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

/**
 * Whether a request to a loopback address comes from a program of this machine: neither through a proxy, nor by the name of
 * another host, which a web page can make lead here (DNS rebinding).
 */
export function isFromThisMachine({ headers, httpVersion }: RequestHead): boolean {
  // nginx adds no header unless told to, and asks for 127.0.0.1 as its upstream's name, but in this version.
  if (httpVersion === '1.0') return false;
  return forwarding.every((name) => headers[name] === undefined) && isLoopback(hostOf(headers.host ?? ''));
}
