import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connectAsync, type MqttClient } from 'mqtt';
import { type DescriptionPayload, descriptionSchema } from '../../src/contract/payloads.ts';
import { freePort } from '../test/free-port.ts';
import type { Board } from './board.ts';
import { expect } from './suite.ts';

/** Flags of provisioning without network. */
export const offlineFlags = '--yes --offline /mnt/offline --camera /dev/video0 --model demo --device board';

export const configFile = '/etc/scenecast/config.yaml';
const credential = '/etc/credstore/scenecast.mqtt-password';

export interface Heard {
  readonly description: DescriptionPayload;
  readonly isRetained: boolean;
}

/** The board's clock, in milliseconds since 1970. */
export async function boardTimeMs(board: Board): Promise<number> {
  return Number(await board.run('date +%s%3N'));
}

/** A property of the service, as systemd shows it. */
export async function property(board: Board, name: string): Promise<string> {
  return (await board.run(`systemctl show -P ${name} scenecast`)).trim();
}

/**
 * The first description that a subscriber on the board's loopback broker receives and that was captured after `sinceMs`
 * (the board's clock).
 */
export async function hearDescription(board: Board, sinceMs: number, limitMs: number): Promise<Heard> {
  return withBroker(board, (client) => firstDescription(client, sinceMs, limitMs));
}

/** The same on request, since a camera without changes is not described by itself. */
export async function requestDescription(board: Board, sinceMs: number, limitMs: number): Promise<Heard> {
  return withBroker(board, async (client) => {
    const [heard] = await Promise.all([
      firstDescription(client, sinceMs, limitMs),
      client.publishAsync('scenecast/board/request/describe', '{}', { qos: 1 }),
    ]);
    return heard;
  });
}

async function firstDescription(client: MqttClient, sinceMs: number, limitMs: number): Promise<Heard> {
  const found = Promise.withResolvers<Heard>();
  const timer = setTimeout(
    () => found.reject(new Error(`no description within ${limitMs / 1000} s`)),
    limitMs,
  );
  client.on('message', (_topic, payload, { retain: isRetained }) => {
    const description = descriptionSchema.parse(JSON.parse(payload.toString('utf8')));
    if (Date.parse(description.captured_at) >= sinceMs) found.resolve({ description, isRetained });
  });
  try {
    await client.subscribeAsync('scenecast/+/+/description', { qos: 1 });
    return await found.promise;
  } finally {
    clearTimeout(timer);
  }
}

/** The broker requires the password, and cannot be reached from outside. */
export async function checkBrokerIsClosed(board: Board): Promise<string> {
  const listeners = (await board.run("ss -Hltn 'sport = :1883'")).trim();
  expect(
    /127\.0\.0\.1:1883/.test(listeners) && !/0\.0\.0\.0:1883|\*:1883|\[::\]:1883/.test(listeners),
    listeners,
  );
  const refused = await withTunnel(board, (url) =>
    connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 }, false).then(
      async (client) => {
        await client.endAsync(true);
        return 'let in';
      },
      (error: Error) => error.message,
    ),
  );
  expect(/not authorized/i.test(refused), `without a password: ${refused}`);
  return `loopback only; without a password: ${refused}`;
}

async function withBroker<T>(board: Board, use: (client: MqttClient) => Promise<T>): Promise<T> {
  const password = (await board.run(`cat ${credential}`)).trim();
  return withTunnel(board, async (url) => {
    // The broker may still be starting.
    const client = await connectAsync(url, { username: 'scenecast', password, reconnectPeriod: 500 }, true);
    try {
      return await use(client);
    } finally {
      await client.endAsync(true);
    }
  });
}

async function withTunnel<T>(board: Board, use: (url: string) => Promise<T>): Promise<T> {
  const port = await freePort();
  const tunnel = spawn(
    'ssh',
    ['-N', '-L', `127.0.0.1:${port}:127.0.0.1:1883`, ...board.sshArguments('').slice(0, -1)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    await board.run('true');
    return await use(`mqtt://127.0.0.1:${port}`);
  } finally {
    tunnel.kill();
    if (tunnel.exitCode === null && tunnel.signalCode === null) await once(tunnel, 'exit');
  }
}

/** All files except package databases, logs and caches. */
export function listFiles(name: string): string {
  const left = [
    '/proc',
    '/sys',
    '/dev',
    '/run',
    '/tmp',
    '/mnt',
    '/root',
    '/var/log',
    '/var/cache',
    '/var/tmp',
  ];
  const tools = ['/var/lib/apt', '/var/lib/dpkg', '/var/lib/systemd', '/var/lib/ucf'];
  const prune = [...left, ...tools].map((path) => `-path ${path}`).join(' -o ');
  return `find / \\( ${prune} \\) -prune -o -print | sort >/root/${name}`;
}
