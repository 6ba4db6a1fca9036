import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { elementsOf, textOf } from './xml-elements.ts';

/** A device that has answered a probe for cameras. */
export interface DiscoveredDevice {
  /** Its ONVIF device service, at the address that it answered from. */
  readonly service: URL;
  readonly host: string;
  /** As the device calls itself; null: it does not. */
  readonly name: string | null;
  readonly hardware: string | null;
}

const group = '239.255.255.250';
const port = 3702;
/** UDP may lose a probe, or an answer. */
const probesAtMs = [0, 300, 800];
const maxDevices = 100;
const maxInterfaces = 16;

/**
 * Asks the local networks for ONVIF cameras by WS-Discovery (OASIS, April 2005, as the ONVIF core specification has it), and
 * waits `waitMs` for answers. IPv4 only, as cameras. Finds nothing where there is no network.
 */
export async function discoverDevices(waitMs: number, signal: AbortSignal): Promise<DiscoveredDevice[]> {
  const found = new Map<string, DiscoveredDevice>();
  const onMessage = (message: Buffer, { address }: RemoteInfo): void => {
    for (const device of devicesIn(message.toString('utf8'), address))
      if (found.size < maxDevices) found.set(device.service.href, device);
  };
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .slice(0, maxInterfaces);
  if (addresses.length === 0) return [];
  const sockets = addresses.map(({ address }) => probe(address, onMessage));
  try {
    await sleep(waitMs, undefined, { signal });
  } finally {
    for (const close of sockets) close();
  }
  return [...found.values()].sort((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }));
}

/** Sends probes from one address of this board. @returns what ends that */
function probe(address: string, onMessage: (message: Buffer, from: RemoteInfo) => void): () => void {
  const socket = createSocket('udp4');
  const timers: NodeJS.Timeout[] = [];
  // Of an interface that has just lost its network.
  socket.on('error', () => {});
  socket.on('message', onMessage);
  socket.bind({ address, port: 0 }, () => {
    for (const delayMs of probesAtMs) timers.push(setTimeout(() => sendProbes(socket, address), delayMs));
  });
  return () => {
    for (const timer of timers) clearTimeout(timer);
    socket.close();
  };
}

function sendProbes(socket: Socket, address: string): void {
  try {
    socket.setMulticastInterface(address);
  } catch {
    return;
  }
  // Some cameras answer to one of these types only.
  for (const type of ['dn:NetworkVideoTransmitter', 'tds:Device'])
    socket.send(probeMessage(type), port, group, () => {});
}

function probeMessage(type: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"',
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"',
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">',
    `<e:Header><w:MessageID>uuid:${randomUUID()}</w:MessageID>`,
    '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>',
    '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>',
    `<e:Body><d:Probe><d:Types>${type}</d:Types></d:Probe></e:Body></e:Envelope>`,
  ].join('');
}

/** The cameras that a message is about. Printers and computers answer probes too. */
export function devicesIn(message: string, from: string): DiscoveredDevice[] {
  return elementsOf(message, 'ProbeMatch').flatMap(({ content }) => {
    const scopes = (textOf(content, 'Scopes') ?? '').split(/\s+/);
    const isCamera =
      /NetworkVideoTransmitter/.test(textOf(content, 'Types') ?? '') ||
      scopes.some((scope) => /^onvif:\/\//i.test(scope));
    const service = serviceOf(textOf(content, 'XAddrs') ?? '', from);
    if (!isCamera || !service) return [];
    return [{ service, host: from, name: scopeOf(scopes, 'name'), hardware: scopeOf(scopes, 'hardware') }];
  });
}

/** Of several addresses the one that the answer came from; its host in any case, where a login may be sent. */
function serviceOf(addresses: string, from: string): URL | null {
  const urls = addresses
    .split(/\s+/)
    .filter((address) => /^https?:\/\//i.test(address) && URL.canParse(address))
    .map((address) => new URL(address));
  const url = urls.find(({ hostname }) => hostname === from) ?? urls[0];
  if (!url) return null;
  url.hostname = from;
  url.username = '';
  url.password = '';
  return url;
}

/** `onvif://www.onvif.org/name/Front%20door` has the name `Front door`. */
function scopeOf(scopes: readonly string[], key: string): string | null {
  const prefix = `onvif://www.onvif.org/${key}/`;
  const value = scopes.find((scope) => scope.toLowerCase().startsWith(prefix))?.slice(prefix.length);
  if (value === undefined) return null;
  try {
    return printable(decodeURIComponent(value));
  } catch {
    return printable(value);
  }
}

function printable(text: string): string | null {
  return (
    text
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 100) || null
  );
}
