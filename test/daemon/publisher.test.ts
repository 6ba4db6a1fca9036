import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { contract } from '../../src/contract/contract.ts';
import {
  clearImages,
  createOutbox,
  createPublisher,
  removedTopics,
  restoreRulesOf,
} from '../../src/daemon/publisher.ts';
import { HistoryReader } from '../../src/store/history/history-reader.ts';
import { MissingFiles } from '../../src/store/missing-files.ts';
import { madeObservation } from '../../tools/durability/made-observation.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const source = { type: 'scene' };
const porch = {
  source,
  questions: { people: { ask: 'How many?' }, open: { ask: 'Open?', type: 'boolean' } },
  rules: { gate: { when: 'open' } },
};

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-publishing-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What a start of the daemon with these cameras finds retained for others. */
async function removed(folder: string, cameras: object, log = new LogLines()): Promise<string[]> {
  const config = parseConfig(
    JSON.stringify({ device: 'workshop', store: { folder: 'state' }, cameras }),
    'c.yaml',
  );
  return await removedTopics(config, join(folder, 'c.yaml'), new MissingFiles(log), log);
}

test('retained topics of removed cameras, questions and rules are found at every start, until these return', async () => {
  const folder = scratch();
  const both = { porch, yard: { source } };
  expect(await removed(folder, both)).toEqual([]);
  const fewer = { porch: { source, questions: { open: porch.questions.open } } };
  const yard = ['config', 'description', 'image', 'image_info', 'status', 'vision'].map(
    (topic) => `yard/${topic}`,
  );
  const gone = ['porch/answer/people', 'porch/rule/gate', ...yard].map(
    (topic) => `scenecast/workshop/${topic}`,
  );
  expect(await removed(folder, fewer)).toEqual(gone);
  // The broker may have been away.
  expect(await removed(folder, fewer)).toEqual(gone);
  expect(await removed(folder, both)).toEqual([]);
});

test('every retained topic of a camera in the contract is cleared with it', async () => {
  const folder = scratch();
  await removed(folder, { porch, yard: { source } });
  const addresses = Object.values(contract).flatMap(({ retain, address }) => (retain ? [address] : []));
  const ofCamera = addresses.filter(
    (address) => /\{camera\}/.test(address) && !/\{(question|rule)\}/.test(address),
  );
  const topics = ofCamera.map((address) =>
    address.replace('{device}', 'workshop').replace('{camera}', 'yard'),
  );
  const cleared = await removed(folder, { porch });
  expect(cleared.sort()).toEqual(topics.sort());
});

test('of what was said before a start, only answers of the type that their question has now are state', () => {
  const questions = { ...porch.questions, door: { ask: 'How?', type: 'enum', values: ['open', 'shut'] } };
  const text = JSON.stringify({ device: 'workshop', cameras: { porch: { source, questions } } });
  const { isRetained, isAnswer } = restoreRulesOf(parseConfig(text, 'c.yaml'));
  const topic = (question: string): string => `scenecast/workshop/porch/answer/${question}`;
  expect(['open', 'gone'].map((question) => isRetained(topic(question)))).toEqual([true, false]);
  const values = [true, 1, 'open', 'ajar'];
  const fitting = (question: string): unknown[] => values.filter((value) => isAnswer(topic(question), value));
  expect(fitting('open')).toEqual([true]);
  expect(fitting('door')).toEqual(['open']);
  expect(fitting('people')).toEqual(['open', 'ajar']);
});

test('a damaged file is logged and rewritten', async () => {
  const folder = scratch();
  const log = new LogLines();
  await removed(folder, { porch });
  const path = join(folder, 'state/topics-workshop.json');
  writeFileSync(path, '{"version":1,"topics":[1]}');
  expect(await removed(folder, { porch }, log)).toEqual([]);
  expect(log.of('topics file cannot be read')).toHaveLength(1);
  expect(readFileSync(path, 'utf8')).toContain('scenecast/workshop/porch/answer/open');
});

test('a state folder that cannot be created is logged, and nothing else happens', async () => {
  const folder = scratch();
  const log = new LogLines();
  writeFileSync(join(folder, 'state'), '');
  expect(await removed(folder, { porch }, log)).toEqual([]);
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
});

test('a retained picture that may show a newly masked region is cleared', () => {
  const image = { enabled: true };
  const privacy = [
    [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  ];
  const cameras = { off: { source }, on: { source, image }, masked: { source, image, privacy } };
  const config = parseConfig(JSON.stringify({ device: 'workshop', cameras }), 'c.yaml');
  const said: string[][] = [];
  const publisher = { retain: (topic: string, payload: string) => void said.push([topic, payload]) };
  clearImages(config, publisher);
  expect(said).toEqual(
    ['off/image', 'off/image_info', 'masked/image', 'masked/image_info'].map((topic) => [
      `scenecast/workshop/${topic}`,
      '',
    ]),
  );
  // Zones of the window count too.
  said.length = 0;
  clearImages(config, publisher, () => true);
  expect(said).toContainEqual(['scenecast/workshop/on/image', '']);
});

test.each([
  [{}, true, false],
  [{ thumbnails: true }, true, true],
  [null, false, false],
])('with history: %j, observations are kept: %s, with pictures: %s', async (history, isKept, hasPicture) => {
  const folder = scratch();
  const log = new LogLines();
  const text = JSON.stringify({ device: 'workshop', store: { folder: '.' }, history, cameras: { porch } });
  const config = parseConfig(text, 'c.yaml');
  const outbox = createOutbox(config, folder, log);
  onTestFinished(() => outbox.close());
  await outbox.open();
  const publisher = createPublisher(config, folder, outbox, log);
  const { frame, ...observation } = madeObservation(0);
  const picture = {
    size: { width: 64, height: 48 },
    bytes: Buffer.alloc(64 * 48 * 3),
    pixels: 'rgb24',
  } as const;
  publisher.observation({ ...observation, frame: { ...frame, picture } });
  const kept = join(folder, 'history-workshop');
  const reader = new HistoryReader(kept);
  onTestFinished(() => reader.close());
  await outbox.writeHistory();
  const { items } = reader.page({}, { cursor: null, limit: 10, order: 'newest' });
  expect(items).toHaveLength(isKept ? 1 : 0);
  expect(existsSync(kept)).toBe(isKept);
  if (!hasPicture) return;
  // It takes a while to be encoded, and comes with the next observation then.
  const pictureIsThere = async (): Promise<void> => {
    publisher.observation({ ...observation, frame: { ...madeObservation(0).frame, picture } });
    await outbox.writeHistory();
    expect(reader.thumbnail(1)).not.toBeNull();
  };
  await vi.waitFor(pictureIsThere, { timeout: 20_000, interval: 50 });
});
