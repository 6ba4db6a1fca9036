import { expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import {
  type Proposal,
  proposalLines,
  proposeCameras,
  proposeIpCameras,
  proposeModels,
} from '../../src/cli/config-proposals.ts';
import { loadCatalogue } from '../../src/models/catalogue.ts';
import { catalogueTimes } from '../../src/setup/catalogue-times.ts';
import { fixtureBoards } from '../board/fixture-boards.ts';

const catalogue = loadCatalogue();

const camera = {
  path: '/dev/video0',
  stableNames: ['/dev/v4l/by-id/usb-A', '/dev/v4l/by-path/1'],
  names: { card: 'Maker\tCamera\n', driver: 'uvcvideo', bus: 'usb-1' },
  formats: [{ fourcc: 'MJPG', description: 'Motion-JPEG', isUsable: true, sizes: [] }],
  controls: [],
};

test('cameras with a usable format are proposed, by stable name', () => {
  const unusable = { ...camera, formats: [{ ...camera.formats[0]!, isUsable: false }] };
  const unnamed = { ...camera, path: '/dev/video2', stableNames: [] };
  expect(proposeCameras([unusable, camera, unnamed]).map(({ name }) => name)).toEqual([
    '/dev/v4l/by-id/usb-A',
    '/dev/video2',
  ]);
});

test("a camera's own name cannot add a line or a column", () => {
  const lines = proposalLines(proposeCameras([camera]));
  expect(lines.split('\n')).toHaveLength(2);
  expect(lines.split('\t')).toHaveLength(4);
});

test('an IP camera whose streams are not known is proposed by its address, with what to do', () => {
  const ip = {
    host: '10.0.0.5',
    name: null,
    hardware: 'X1',
    address: 'http://10.0.0.5/onvif',
    pictureUrl: null,
  };
  const unknown = (fault: string) => proposeIpCameras([{ ...ip, streams: [], fault }])[0]!;
  expect(unknown('unauthorised; the camera wants a login')).toMatchObject({
    name: 'http://10.0.0.5/onvif',
    description: expect.stringMatching(/^X1 at 10\.0\.0\.5: .*--username/),
  });
  expect(unknown('refused').description).toBe('X1 at 10.0.0.5: refused');
});

const withMemory = (board: Board, gigabytes: number, limitBytes: number | null = null): Board => ({
  ...board,
  memory: { ...board.memory, totalBytes: gigabytes * 1e9, limitBytes },
});
const secondsOf = ({ name, detail }: Proposal, board: Board): number =>
  catalogueTimes(catalogue.find((entry) => entry.name === name)!, board).find(
    (time) => time.detail === detail,
  )!.seconds!;

test.each<[string, number, string, string]>([
  // A picture of few tokens is no choice, however capable the model: MiniCPM-V's overview.
  ['orion-o6-acpi', 32, 'qwen3-vl-4b', 'overview'],
  ['orion-o6-acpi', 4, 'qwen3-vl-2b', 'full'],
  ['rock-5b', 8, 'qwen3-vl-2b', 'overview'],
  ['raspberry-pi-5', 16, 'qwen3-vl-2b', 'overview'],
  ['raspberry-pi-5', 4, 'qwen3-vl-2b', 'overview'],
  ['raspberry-pi-5', 2, 'lfm2.5-vl-450m', 'full'],
  ['raspberry-pi-5', 1, 'models/demo', 'full'],
  // Nothing else describes in time there.
  ['raspberry-pi-4', 4, 'smolvlm2-256m', 'overview'],
])('%s with %d GB is proposed %s at detail %s', (fixture, gigabytes, name, detail) => {
  const proposals = proposeModels(catalogue, withMemory(fixtureBoards[fixture]!, gigabytes));
  expect(proposals[0]).toMatchObject({ name, detail });
  expect(proposals.at(-1)!.name).toBe('models/demo');
});

test.each(['orion-o6-acpi', 'rock-5b', 'raspberry-pi-5', 'raspberry-pi-4'])(
  '%s: models that describe in time come first, the others by their time',
  (fixture) => {
    const board = fixtureBoards[fixture]!;
    const seconds = proposeModels(catalogue, board)
      .slice(0, -1)
      .map((proposal) => secondsOf(proposal, board));
    const fast = seconds.filter((each) => each <= 30);
    expect(fast.length).toBeGreaterThan(0);
    expect(seconds.slice(0, fast.length)).toEqual(fast);
    const slow = seconds.slice(fast.length);
    expect(slow).toEqual([...slow].sort((a, b) => a - b));
  },
);

test('where no model describes in time, each is proposed at its fastest detail, the fastest first', () => {
  const { clusters, ...others } = fixtureBoards['raspberry-pi-4']!;
  const slow = { ...others, clusters: clusters.map((cluster) => ({ ...cluster, maxClockMHz: 300 })) };
  const proposals = proposeModels(catalogue, slow).slice(0, -1);
  const fastestOf = (name: string): number =>
    Math.min(
      ...catalogueTimes(catalogue.find((entry) => entry.name === name)!, slow).map(({ seconds }) => seconds!),
    );
  const seconds = proposals.map((proposal) => secondsOf(proposal, slow));
  expect(Math.min(...seconds)).toBeGreaterThan(30);
  expect(seconds).toEqual(proposals.map(({ name }) => fastestOf(name)).sort((a, b) => a - b));
});

test('the proposal says how long a description takes, and the licence', () => {
  const [first] = proposeModels(catalogue, fixtureBoards['raspberry-pi-5']!);
  expect(first!.description).toMatch(/about \d+ s a description \(projected, detail overview\)/);
  expect(first!.description).toMatch(/licence: Apache-2\.0/);
});

test('on a board of unknown speed the choice is that of a small board, without a time', () => {
  const laptop = withMemory(fixtureBoards['laptop-x86']!, 16);
  const pi = withMemory(fixtureBoards['raspberry-pi-5']!, 16);
  const namesOf = (board: Board): string[] => proposeModels(catalogue, board).map(({ name }) => name);
  expect(namesOf(laptop)).toEqual(namesOf(pi));
  expect(proposeModels(catalogue, laptop)[0]!.description).toMatch(/time unknown on this board/);
});

test("a cgroup limit counts, not the board's memory", () => {
  const board = withMemory(fixtureBoards['raspberry-pi-5']!, 16, 2e9);
  expect(proposeModels(catalogue, board)[0]!.name).toBe('lfm2.5-vl-450m');
});
