import { expect, test } from 'vitest';
import {
  proposalLines,
  proposeCameras,
  proposeIpCameras,
  proposeModels,
} from '../../src/cli/config-proposals.ts';
import { loadCatalogue } from '../../src/models/catalogue.ts';
import { boardWith } from '../board/sample-board.ts';

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
  expect(lines.split('\t')).toHaveLength(3);
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

test.each([
  [0.9, 'models/demo'],
  [2, 'smolvlm2-256m'],
  [4, 'internvl3-2b'],
  [8, 'llava-1.6-mistral-7b'],
  [16, 'llava-1.6-vicuna-7b'],
])('a board with %d GB of memory is proposed %s', (gigabytes, name) => {
  const board = boardWith();
  const memory = { ...board.memory, totalBytes: gigabytes * 1e9, limitBytes: null };
  const proposals = proposeModels(loadCatalogue(), { ...board, memory });
  expect(proposals[0]!.name).toBe(name);
  expect(proposals.at(-1)!.name).toBe('models/demo');
});

test("a cgroup limit counts, not the board's memory", () => {
  const board = boardWith();
  const memory = { ...board.memory, totalBytes: 16e9, limitBytes: 2e9 };
  expect(proposeModels(loadCatalogue(), { ...board, memory })[0]!.name).toBe('smolvlm2-256m');
});
