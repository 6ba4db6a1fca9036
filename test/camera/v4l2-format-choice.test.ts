import { expect, test } from 'vitest';
import type { V4l2Format, V4l2Size } from '../../src/camera/v4l2-addon.ts';
import { chooseFormat, type WantedFormat } from '../../src/camera/v4l2-format-choice.ts';

function exactly(width: number, height: number, ...rates: number[]): V4l2Size {
  const sides = { minWidth: width, maxWidth: width, minHeight: height, maxHeight: height };
  const intervals = rates.map((rate) => ({ numerator: 1, denominator: rate }));
  return { ...sides, stepWidth: 1, stepHeight: 1, intervals, isIntervalRange: false };
}

function offer(fourcc: string, ...sizes: V4l2Size[]): V4l2Format {
  return { fourcc, description: fourcc, isUsable: fourcc !== 'H264', sizes };
}

/** The formats of a common webcam: large raw pictures only at a low rate. */
const webcam = [
  offer('H264', exactly(1920, 1080, 60)),
  offer('YUYV', exactly(640, 480, 30), exactly(1280, 720, 10, 5)),
  offer('MJPG', exactly(640, 480, 30), exactly(1280, 720, 30, 15), exactly(1920, 1080, 30)),
];

function choose(wanted: Partial<WantedFormat>, offered: readonly V4l2Format[] = webcam): string {
  const request = chooseFormat('/dev/video9', offered, { size: null, rate: null, format: 'auto', ...wanted });
  const { fourcc, width, height, interval } = request;
  return `${fourcc} ${width}x${height}${interval ? ` ${interval.numerator}/${interval.denominator}` : ''}`;
}

const size = (width: number, height: number): Partial<WantedFormat> => ({ size: { width, height } });

test.each([
  ['without a wanted 1280x720, as MJPEG', {}, 'MJPG 1280x720'],
  ['small pictures raw', size(640, 480), 'YUYV 640x480'],
  ['the size before the format', size(1920, 1080), 'MJPG 1920x1080'],
  ['the nearest size', size(1300, 700), 'MJPG 1280x720'],
  ['the nearest size where all are smaller', size(4000, 3000), 'MJPG 1920x1080'],
  ['a format by name', { format: 'yuyv' }, 'YUYV 1280x720'],
  ['a format by another name', { format: 'mjpeg', ...size(640, 480) }, 'MJPG 640x480'],
  ['the nearest rate', { rate: 14 }, 'MJPG 1280x720 1/15'],
  ['a rate that only one format has', { rate: 30, ...size(640, 480) }, 'YUYV 640x480 1/30'],
  ['a rate that the preferred format lacks', { rate: 20, format: 'yuyv' }, 'YUYV 1280x720 1/10'],
])('%s', (_name, wanted, expected) => {
  expect(choose(wanted)).toBe(expected);
});

test('a small size is captured as MJPEG if the raw rate is too low', () => {
  const offered = [offer('YUYV', exactly(640, 480, 5)), offer('MJPG', exactly(640, 480, 30))];
  expect(choose({ rate: 30, ...size(640, 480) }, offered)).toBe('MJPG 640x480 1/30');
  expect(choose({ rate: 5, ...size(640, 480) }, offered)).toBe('YUYV 640x480 1/5');
});

test('of a range of sizes the nearest step is chosen, within its ends', () => {
  const range = {
    minWidth: 32,
    maxWidth: 1920,
    stepWidth: 16,
    minHeight: 20,
    maxHeight: 1080,
    stepHeight: 2,
  };
  const offered = [offer('NV12', { ...range, intervals: [], isIntervalRange: false })];
  expect(choose(size(1000, 701), offered)).toBe('NV12 1008x702');
  expect(choose({ ...size(5000, 5), rate: 12.5 }, offered)).toBe('NV12 1920x20 1000/12500');
});

test('any rate of a range can be chosen', () => {
  const range = { ...exactly(640, 480, 90, 1), isIntervalRange: true };
  const rate = (wanted: number): string =>
    choose({ rate: wanted, ...size(640, 480) }, [offer('YUYV', range)]);
  expect([rate(30), rate(0.5), rate(120)]).toEqual([
    'YUYV 640x480 1000/30000',
    'YUYV 640x480 1/1',
    'YUYV 640x480 1/90',
  ]);
});

test('the wanted size is requested from a driver that lists no sizes', () => {
  expect(choose(size(800, 600), [offer('GREY')])).toBe('GREY 800x600');
});

test('colour is preferred to grey, and fewer bytes to more', () => {
  const all = ['GREY', 'RGB3', 'YUYV', 'NV12'].map((fourcc) => offer(fourcc, exactly(640, 480, 30)));
  expect(choose(size(640, 480), all)).toBe('NV12 640x480');
  expect(choose(size(640, 480), all.slice(0, 2))).toBe('RGB3 640x480');
});

test('the error for a format that is not offered lists those that are', () => {
  expect(() => choose({ format: 'nv12' })).toThrow(
    '/dev/video9: format nv12: is not offered or not supported; choose one of ' +
      'YUYV 640x480 1280x720, MJPG 640x480 1280x720 1920x1080, or auto',
  );
  expect(() => choose({}, webcam.slice(0, 1))).toThrow(
    '/dev/video9: offers no supported pixel format; it has H264 1920x1080',
  );
});
