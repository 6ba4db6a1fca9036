import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { startMs, TestHistory, type Told } from '../store/history/fixture.ts';

/** A history in the state folder of a config. */
function historyOf(...told: Told[]): { readonly history: TestHistory; readonly config: string } {
  const history = new TestHistory();
  history.work();
  for (const each of told) history.add(each);
  history.flush();
  const config = join(dirname(history.folder), 'config.yaml');
  writeFileSync(
    config,
    'device: test\nstore: { folder: . }\ncameras: { porch: { source: { type: scene } } }\n',
  );
  return { history, config };
}

async function run(...args: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const keep = (text: string | Uint8Array): boolean => printed.push(String(text)) > 0;
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  try {
    const program = await createProgram(new AbortController().signal, 'history');
    await program.parseAsync(['node', 'scenecast', 'history', ...args]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return printed.join('');
}

test('past observations are printed like those that arrive, the newest last', async () => {
  const { config } = historyOf(
    { text: 'Nothing.' },
    { camera: 'yard', text: 'A parcel.', answers: { people: 2, open: false } },
    { text: null, answers: { open: true } },
  );
  expect(await run('--config', config)).toBe(
    [
      'porch, 2026-06-01T00:01:00.000Z: Nothing.',
      'yard, 2026-06-01T00:02:00.000Z: A parcel.',
      '  people: 2',
      '  open: false',
      'porch, 2026-06-01T00:03:00.000Z: answers',
      '  open: true',
      '',
    ].join('\n'),
  );
});

test('a person is told that nothing was found, a program is not', async () => {
  const { config } = historyOf({ text: 'Nothing.' });
  expect(await run('--config', config, '--search', 'zeppelin')).toBe('nothing found\n');
  expect(await run('--config', config, '--search', 'zeppelin', '--json')).toBe('');
});

test('words, camera, question, answer and times choose', async () => {
  const { config } = historyOf(
    { text: 'A red car.', answers: { open: true } },
    { camera: 'yard', text: 'A red cat.', answers: { open: false } },
    { text: 'A blue car.', answers: { open: false, colour: 'blue' } },
    { text: 'Fog.', answers: { open: true }, uncertain: ['open'] },
  );
  const times = async (...args: string[]): Promise<string[]> => {
    const lines = (await run('--config', config, '--json', ...args)).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line).id);
  };
  expect(await times()).toEqual(['id 1', 'id 2', 'id 3', 'id 4']);
  expect(await times('--search', 'red')).toEqual(['id 1', 'id 2']);
  expect(await times('--search', 'RED c*', '--camera', 'yard')).toEqual(['id 2']);
  expect(await times('--question', 'colour')).toEqual(['id 3']);
  expect(await times('--question', 'open', '--answer', 'false')).toEqual(['id 2', 'id 3']);
  expect(await times('--question', 'colour', '--answer', 'blue')).toEqual(['id 3']);
  expect(await times('--question', 'open', '--answer', 'null')).toEqual(['id 4']);
  expect(await times('--question', 'open', '--answer', 'true')).toEqual(['id 1']);
  expect(await times('--since', '2026-06-01T00:02:00Z')).toEqual(['id 2', 'id 3', 'id 4']);
  expect(await times('--until', '2026-06-01T00:02:00Z')).toEqual(['id 1']);
  vi.useFakeTimers({ toFake: ['Date'], now: startMs + 3 * 60_000 });
  try {
    expect(await times('--since', '1m')).toEqual(['id 2', 'id 3', 'id 4']);
  } finally {
    vi.useRealTimers();
  }
});

test('without --count the newest twenty are printed, the oldest of them first', async () => {
  const { config } = historyOf(...Array.from({ length: 250 }, () => ({})));
  const ids = async (...args: string[]): Promise<string[]> =>
    (await run('--config', config, '--json', ...args))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
  const newest = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `id ${250 - count + index + 1}`);
  expect(await ids()).toEqual(newest(20));
  for (const count of [1, 100, 101, 249, 250])
    expect(await ids('--count', String(count))).toEqual(newest(count));
  expect(await ids('--count', '1000')).toEqual(newest(250));
});

test('an export has everything, with pictures that only their owner may read', async () => {
  const { history, config } = historyOf();
  const withPicture = history.add({ text: 'A parcel.' });
  history.writer.addThumbnail(withPicture, Buffer.from('the picture'));
  for (let count = 0; count < 149; count++) history.add({});
  history.flush();
  const folder = join(dirname(config), 'exported');
  expect(await run('--config', config, '--export', folder)).toBe(`${folder}: 150 observations, 1 pictures\n`);
  const lines = readFileSync(join(folder, 'observations.jsonl'), 'utf8').trimEnd().split('\n');
  const exported = lines.map((line) => JSON.parse(line));
  expect(exported.map(({ id }) => id)).toEqual(history.entries.map(({ id }) => id));
  expect(exported[0]).toMatchObject({ description: 'A parcel.', picture: '1.jpg' });
  expect(exported[1]).toMatchObject({ picture: null });
  expect(readFileSync(join(folder, '1.jpg'), 'utf8')).toBe('the picture');
  for (const name of ['', ...readdirSync(folder)]) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  const again = run('--config', config, '--export', folder, '--json');
  await expect(again).rejects.toThrow(`--export ${folder}: must be a new or empty folder`);
  const chosen = join(dirname(config), 'chosen');
  const json = await run('--config', config, '--export', chosen, '--search', 'parcel', '--json');
  expect(JSON.parse(json)).toEqual({ observations: 1, pictures: 1 });
});

test('a history that does not exist is named, and why', async () => {
  const { history, config } = historyOf();
  expect(existsSync(history.folder)).toBe(false);
  await expect(run('--config', config)).rejects.toThrow(
    /there is no history yet: .*history-test does not exist/,
  );
  writeFileSync(config, `${readFileSync(config, 'utf8')}history: null\n`);
  await expect(run('--config', config)).rejects.toThrow(/there is no history: history is null in/);
});

test.each([
  [['--answer', 'true'], /--answer needs --question/],
  [['--since', 'yesterday'], /must be an age such as 12h or 7d, or a time/],
  [['--until', '5constructor'], /must be an age/],
  [['--count', '0'], /must be a whole number of at least 1/],
])('a faulty flag is refused with the remedy: %j', async (args, message) => {
  const printed = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await expect(run('--config', 'none.yaml', ...args)).rejects.toThrow(message);
  printed.mockRestore();
});

test.each(['history', 'listen', 'forget'])("%s reads the service's config by default", async (name) => {
  const program = await createProgram(new AbortController().signal, name);
  const help = program.commands.find((command) => command.name() === name)?.helpInformation();
  expect(help).toMatch(/\(default:\s+"\/etc\/scenecast\/config\.yaml"\)/);
});
