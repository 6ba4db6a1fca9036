import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { mqtt as mqttSchema } from '../config/mqtt-schema.ts';
import { namePattern } from '../contract/fields.ts';
import { ConfigError, ScenecastError } from '../domain/errors.ts';
import { type FollowOptions, followBoards } from '../mqtt/board-follower.ts';
import { brokerOf } from '../setup/broker.ts';
import { askPassword } from './terminal/ask-password.ts';
import { FullScreen } from './terminal/full-screen.ts';
import { printable } from './terminal/printable.ts';
import { styled } from './terminal/span.ts';
import { PlainLines } from './watch/plain-lines.ts';
import { screenLines } from './watch/screen.ts';
import { WatchedBoards } from './watch/watched-boards.ts';

interface Flags {
  readonly config?: string;
  readonly base?: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

type Broker = Omit<FollowOptions, 'onConnected' | 'onLost' | 'onMessage'>;

/** Ages are shown in seconds, and messages soon after they arrive. */
const drawEveryMs = 250;

/** `scenecast watch`: shows what the boards of a broker see, until it is ended. */
export function watchCommand(signal: AbortSignal): Command {
  return new Command('watch')
    .description(
      'show what the boards of a broker see: cameras, newest sentences, answers, rules, alerts, health',
    )
    .argument('[broker]', 'its address: [mqtt://][user@]host[:port], or with mqtts, ws, wss')
    .option('-c, --config <file>', "in place of an address: a daemon's YAML config file")
    .option('--base <topic>', 'only this board: scenecast/DEVICE')
    .option('--password-file <file>', 'file whose first line is the password (default: it is asked for)')
    .option('--ca-file <file>', "PEM file with the authority of the broker's certificate")
    .option('--cert-file <file>', 'PEM file with a client certificate')
    .option('--key-file <file>', 'PEM file with its private key')
    .exitOverride()
    .action((address: string | undefined, flags: Flags) => watch(address, flags, signal));
}

async function watch(address: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const broker = await brokerFrom(address, flags, signal);
  const isScreen = process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
  try {
    await (isScreen ? watchOnScreen(broker, signal) : watchInLines(broker, signal));
  } catch (error) {
    throw address !== undefined && error instanceof ScenecastError ? inFlags(error) : error;
  }
}

async function watchOnScreen(broker: Broker, stopped: AbortSignal): Promise<void> {
  const quit = new AbortController();
  const signal = AbortSignal.any([stopped, quit.signal]);
  const boards = new WatchedBoards();
  const screen = new FullScreen(
    { input: process.stdin, output: process.stdout },
    (size) => screenLines(boards, broker.url, size, new Date()).map((line) => styled(line)),
    () => quit.abort(),
  );
  // At once: closing the connection takes a while, and a second signal would end the process.
  signal.addEventListener('abort', () => screen.close(), { once: true });
  screen.open();
  const timer = setInterval(() => screen.draw(), drawEveryMs);
  try {
    await followBoards(
      {
        ...broker,
        onConnected: () => boards.connected(),
        onMessage: (message) => boards.apply(message),
        onLost: (reason) => boards.disconnected(wordsInFlags(reason)),
      },
      signal,
    );
  } finally {
    clearInterval(timer);
    screen.close();
  }
}

async function watchInLines(broker: Broker, stopped: AbortSignal): Promise<void> {
  const lines = new PlainLines();
  const print = (line: string | null): void => void (line && process.stdout.write(line));
  const note = (words: string): void => void process.stderr.write(`scenecast: ${printable(words)}\n`);
  // The reader of a pipe has gone.
  const ended = new AbortController();
  process.stdout.on('error', () => ended.abort());
  await followBoards(
    {
      ...broker,
      onConnected: () => note('connected'),
      onLost: (reason) => note(`no connection: ${wordsInFlags(reason)}; trying again`),
      onMessage: (message) => print(lines.lineOf(message)),
    },
    AbortSignal.any([stopped, ended.signal]),
  );
}

async function brokerFrom(address: string | undefined, flags: Flags, signal: AbortSignal): Promise<Broker> {
  const device = flags.base === undefined ? null : deviceOf(flags.base);
  if (flags.config !== undefined) {
    if (address !== undefined) throw new ConfigError('--config: leave it out, or the address of the broker');
    const path = resolve(flags.config);
    const config = await loadConfig(path);
    return { ...brokerOf(config.mqtt, dirname(path)), device: device ?? config.device };
  }
  if (address === undefined)
    throw new ConfigError('give the address of a broker such as mqtt://192.168.1.2, or --config FILE');
  const { username, url } = splitUser(address);
  const { passwordFile, caFile, certFile, keyFile } = flags;
  const read = mqttSchema.safeParse({
    url,
    username,
    ...(passwordFile !== undefined && { password_file: passwordFile }),
    ...(caFile !== undefined && { ca_file: caFile }),
    ...(certFile !== undefined && { cert_file: certFile }),
    ...(keyFile !== undefined && { key_file: keyFile }),
  });
  if (read.error) {
    const { path, message } = read.error.issues[0]!;
    throw new ConfigError(wordsInFlags(`mqtt.${path.join('.')}: ${message}`));
  }
  const asks = username !== null && passwordFile === undefined && process.stdin.isTTY === true;
  const password = asks ? await askPassword(`password of ${printable(username)}: `, signal) : undefined;
  return { ...brokerOf(read.data, process.cwd()), device, password };
}

function deviceOf(base: string): string | null {
  const [, device] = /^scenecast(?:\/([^/]+))?\/?$/.exec(base) ?? [null, ''];
  if (device === undefined) return null;
  if (!namePattern.test(device))
    throw new ConfigError(`--base: must be scenecast/DEVICE such as scenecast/orion (it is "${base}")`);
  return device;
}

/** The user of an address, and the address without it. */
function splitUser(address: string): { readonly username: string | null; readonly url: string } {
  const [, scheme = 'mqtt://', login, rest = ''] = /^(\w+:\/\/)?(?:([^/?#]*)@)?([^@]*)$/.exec(address) ?? [];
  if (login === undefined) return { username: null, url: `${scheme}${rest}` };
  if (login.includes(':'))
    throw new ConfigError(
      'the address must not contain a password, which other users of this machine could read: give --password-file, or type it when asked',
    );
  return { username: decoded(login), url: `${scheme}${rest}` };
}

function decoded(login: string): string {
  try {
    return decodeURIComponent(login);
  } catch (cause) {
    throw new ConfigError('the user in the address: % must be written as %25', { cause });
  }
}

function inFlags(error: ScenecastError): ScenecastError {
  const words = wordsInFlags(error.message);
  const options = { cause: error };
  return error instanceof ConfigError ? new ConfigError(words, options) : new ScenecastError(words, options);
}

/** Faults of a connection name the keys of the config; these are the arguments of this command. */
function wordsInFlags(words: string): string {
  return words
    .replaceAll('mqtt.url', 'the address')
    .replace(', without user or password', '')
    .replaceAll('mqtt.username', 'the user in the address')
    .replaceAll(/mqtt\.(\w+)_file/g, '--$1-file');
}
