import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../tools/test/free-port.ts';
import type { Mosquitto } from '../../tools/test/mosquitto.ts';
import { scratchFolder, startBroker, startPublisher } from '../../tools/test/mqtt.ts';
import { observation } from '../../tools/test/observation.ts';
import { Terminal } from '../../tools/test/terminal.ts';

vi.setConfig({ testTimeout: 90_000 });

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/scenecast');
const current = { state: 'current', since: new Date(), reason: null } as const;

async function startBoard(broker: Mosquitto, text = 'A red circle left of a blue square.') {
  const { publisher } = await startPublisher(broker.url);
  publisher.cameraVision('porch', current);
  publisher.observation(observation({ text, answers: { count: 2 }, capturedAt: new Date() }));
  return publisher;
}

describe('on a terminal', () => {
  let broker: Mosquitto;

  beforeEach(async () => {
    broker = await startBroker();
  });

  test('watch shows what boards see, follows it, and leaves the terminal as it was', async () => {
    const publisher = await startBoard(broker);
    const terminal = new Terminal(['watch', broker.url]);
    await terminal.shows(/test {2}online/);
    await terminal.shows(
      /porch {2}current {2}\d+ s ago\n {4}A red circle left of a blue square\.\n {4}count: 2/,
    );
    expect(terminal.isAlternate).toBe(true);
    expect(terminal.lines[0]).toMatch(/^Scenecast {2}mqtt:\/\/127\.0\.0\.1:\d+ +\d\d:\d\d:\d\d$/);
    expect(terminal.lines.at(-1)).toBe('q quits');

    publisher.observation(observation({ text: 'A dog.', answers: { count: 1 }, capturedAt: new Date() }));
    await terminal.shows(/ {4}A dog\.\n {4}count: 1/);
    expect(terminal.text).toMatch(/Newest\n.*porch {2}A dog\.\n.*porch {2}A red circle/);

    terminal.type('q');
    await terminal.shows('exit code 0');
    await terminal.exit();
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.text).toMatch(/^before\n/);
    expect(terminal.text).not.toContain('Scenecast');
    // The shell sees what is typed again.
    expect(terminal.text).toMatch(/^echo/m);
    expect(terminal.output).toContain('\x1b[?25h');
  });

  test.each([
    ['Ctrl-C', (terminal: Terminal) => terminal.type('\x03'), 0],
    ['SIGINT', (terminal: Terminal) => terminal.kill('SIGINT'), 0],
    ['SIGTERM', (terminal: Terminal) => terminal.kill('SIGTERM'), 0],
    [
      'two signals',
      (terminal: Terminal) => {
        // It then waits for the broker.
        broker.signal('SIGSTOP');
        terminal.kill('SIGTERM');
        setTimeout(() => terminal.kill('SIGTERM'), 300);
      },
      null,
    ],
  ])('%s brings the terminal back', async (_, end, code) => {
    await startBoard(broker);
    const terminal = new Terminal(['watch', broker.url]);
    await terminal.shows('A red circle');
    end(terminal);
    await terminal.shows(code === null ? /exit code \d+/ : `exit code ${code}`);
    await terminal.exit();
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.text).toMatch(/^before\n/);
  });

  test('a crash brings it back, and its message is read there', async () => {
    await startBoard(broker);
    const crash = join(scratchFolder(), 'crash.mjs');
    writeFileSync(crash, "process.on('SIGUSR2', () => { throw new Error('a planted crash'); });");
    const terminal = new Terminal(['watch', broker.url], undefined, { NODE_OPTIONS: `--import ${crash}` });
    await terminal.shows('A red circle');
    terminal.kill('SIGUSR2');
    await terminal.exit();
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.text).toMatch(/a planted crash[\s\S]*exit code [1-9]/);
  });

  test('a resized terminal is filled again, and nothing is wider than it', async () => {
    await startBoard(broker, '赤い円の左に青い四角があります。'.repeat(4));
    const terminal = new Terminal(['watch', broker.url], { columns: 100, rows: 30 });
    await terminal.shows('count: 2');
    terminal.resize({ columns: 30, rows: 12 });
    await terminal.shows(/^Scenecast .{0,20}\n\ntest {2}online/);
    await terminal.shows(/ {4}赤い円の左に青い四角があり\n/);
    expect(terminal.lines).toHaveLength(12);
    expect(terminal.lines.at(-1)).toBe('q quits');
    terminal.resize({ columns: 120, rows: 40 });
    await vi.waitFor(() => expect(terminal.lines.at(-1)).toBe('q quits'), 20_000);
    expect(terminal.lines[0]).toMatch(/^Scenecast {2}.{100,}\d$/);
  });

  test('payloads cannot control the terminal; a newer schema and damaged payloads are named', async () => {
    await startBoard(broker, 'A \x1b[2Jdog\x1b]0;title\x07\x1b[1;1H\r\n\x9b2Jand\u202e cat.');
    const client = await connectAsync(broker.url);
    onTestFinished(() => client.endAsync(true));
    await client.publishAsync('scenecast/test/yard/vision', '{"schema":9,"mood":"good"}', { retain: true });
    await client.publishAsync('scenecast/test/shed/vision', '{', { retain: true });
    await client
      .publishAsync('scenecast/\x1b[2Jx/status', '{"state":"online"}', { retain: true })
      .catch(() => {});
    const terminal = new Terminal(['watch', broker.url]);
    await terminal.shows('    A dog and cat.');
    await terminal.shows('vision: its schema 9 is newer than this Scenecast; update it');
    await terminal.shows('vision: it is not a JSON object');
    expect(terminal.lines[0]).toMatch(/^Scenecast/);
    expect(terminal.output).not.toContain('\x1b[2J');
    expect(terminal.output).not.toContain('title');
  });

  test('a broker that goes away is named, and followed again on its return', async () => {
    await startBoard(broker);
    const terminal = new Terminal(['watch', broker.url]);
    await terminal.shows('A red circle');
    await broker.down();
    await terminal.shows(/no connection: .*; trying again/);
    // What was seen is still there.
    expect(terminal.text).toContain('A red circle');
    await broker.up();
    await terminal.shows('q quits');
    await terminal.shows(/porch {2}current/);
  });

  test('a broker that is not there yet is waited for', async () => {
    const port = await freePort();
    const terminal = new Terminal(['watch', `127.0.0.1:${port}`]);
    await terminal.shows('no connection: nothing listens at');
    expect(terminal.text.replace(/\s+/g, ' ')).toContain('and the address right?; trying again');
  });

  test('NO_COLOR takes the colours, not the screen', async () => {
    await startBoard(broker);
    const coloured = new Terminal(['watch', broker.url]);
    const plain = new Terminal(['watch', broker.url], undefined, { NO_COLOR: '1' });
    await Promise.all([coloured, plain].map((terminal) => terminal.shows(/porch {2}current/)));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const colours = /\x1b\[3[0-9]m/;
    expect(coloured.output).toMatch(colours);
    expect(plain.output).not.toMatch(colours);
  });
});

describe('login', () => {
  const secured = (folder: string): string => {
    execFileSync('mosquitto_passwd', ['-b', '-c', join(folder, 'passwords'), 'anna', 'open sesame']);
    return `password_file ${join(folder, 'passwords')}\nuser root`;
  };
  const withUser = (url: string): string => url.replace('://', '://anna@');

  test('the password is asked for and not shown, or read from a file', async () => {
    const broker = await startBroker(secured);
    const asked = new Terminal(['watch', withUser(broker.url)]);
    await asked.shows('password of anna:');
    asked.type('open sesame\r');
    await asked.shows('No board has published anything yet.');
    expect(asked.output).not.toContain('sesame');
    expect(asked.lines[0]).not.toContain('anna');

    const file = join(scratchFolder(), 'password');
    writeFileSync(file, 'open sesame\n');
    const read = new Terminal(['watch', withUser(broker.url), '--password-file', file]);
    await read.shows('No board has published anything yet.');
  });

  test('a refused login ends it, in the words of its arguments', async () => {
    const broker = await startBroker(secured);
    const terminal = new Terminal(['watch', withUser(broker.url)], { columns: 200, rows: 24 });
    await terminal.shows('password of anna:');
    terminal.type('wrong\r');
    await terminal.shows('exit code 1');
    await terminal.exit();
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.text).toMatch(
      /refuses the connection: .*check the user in the address \(anna\) and the password in --password-file/,
    );
  });

  test('Ctrl-C at the password ends it', async () => {
    const terminal = new Terminal(['watch', 'mqtt://anna@127.0.0.1']);
    await terminal.shows('password of anna:');
    terminal.type('\x03');
    await terminal.shows(/exit code [1-9]/);
    expect(terminal.text).toContain('interrupted');
    await terminal.exit();
    expect(terminal.text).toMatch(/^echo/m);
  });

  test.each([
    [['watch'], /give the address of a broker such as mqtt:\/\//],
    [
      ['watch', 'http://x'],
      /^scenecast: the address: must be a broker address such as mqtt:\/\/127\.0\.0\.1:1883\n/,
    ],
    [['watch', 'mqtt://50%@x'], /the user in the address: % must be written as %25/],
    [['watch', 'mqtt://a:secret@x'], /must not contain a password.*--password-file/],
    [['watch', 'mqtt://x', '--config', 'y'], /--config: leave it out/],
    [['watch', 'mqtt://x', '--base', 'home/cameras'], /--base: must be scenecast\/DEVICE .*"home\/cameras"/],
    [
      ['watch', 'mqtt://x', '--ca-file', 'y'],
      /--ca-file.*has no effect unless the address begins with mqtts:/,
    ],
    [
      ['watch', 'mqtt://a@x', '--password-file', '/nowhere'],
      /--password-file \/nowhere: .*there is no such file/,
    ],
  ])('%j is refused', async (args, fault) => {
    const { code, stderr, stdout } = await scenecast(args);
    expect(stderr).toMatch(fault);
    expect(stderr).not.toContain('secret');
    expect(stdout).toBe('');
    expect(code).toBe(78);
  });
});

test('off a terminal, watch prints a line for what changes, without escape sequences', async () => {
  const broker = await startBroker();
  const publisher = await startBoard(broker, 'A \x1b[2Jdog.');
  const watching = execFile(bin, ['watch', broker.url, '--base', 'scenecast/test']);
  let output = '';
  watching.stdout!.on('data', (text) => {
    output += text;
  });
  await vi.waitFor(() => expect(output).toMatch(/porch: count: 2/), 20_000);
  publisher.cameraVision('porch', { state: 'failing', since: new Date(), reason: 'gone' });
  publisher.cameraVision('porch', { state: 'failing', since: new Date(), reason: 'gone' });
  publisher.cameraVision('porch', current);
  await vi.waitFor(() => expect(output).toMatch(/failing[\s\S]*current/), 20_000);
  const ended = new Promise((done) => watching.once('exit', done));
  watching.kill('SIGTERM');
  expect(await ended).toBe(0);
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ /, ''));
  expect(lines.toSorted()).toEqual([
    'test/porch: A dog. (0.0 s)',
    'test/porch: count: 2',
    'test/porch: current',
    'test/porch: current',
    'test/porch: failing: gone',
    'test: online',
  ]);
  for (const line of output.trimEnd().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
});

test('watch --config takes broker and board from a config', async () => {
  const broker = await startBroker();
  await startBoard(broker);
  const path = join(scratchFolder(), 'config.yaml');
  const config = {
    device: 'test',
    mqtt: { url: broker.url },
    cameras: { porch: { source: { type: 'scene' } } },
  };
  writeFileSync(path, JSON.stringify(config)); // JSON is YAML
  const terminal = new Terminal(['watch', '--config', path]);
  await terminal.shows('A red circle');
});

async function scenecast(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(bin, args)) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}
