import { expect, test } from 'vitest';
import type { ListedCamera } from '../../src/camera/v4l2-list.ts';
import { camerasJson, camerasText } from '../../src/cli/doctor-cameras.ts';

const sides = (width: number, height: number) => ({
  ...{ minWidth: width, maxWidth: width, stepWidth: 1 },
  ...{ minHeight: height, maxHeight: height, stepHeight: 1 },
  isIntervalRange: false,
});
const intervals = [
  { numerator: 1, denominator: 30 },
  { numerator: 2, denominator: 15 },
];
const camera: ListedCamera = {
  path: '/dev/video0',
  stableNames: ['/dev/v4l/by-id/usb-Maker_Camera-video-index0'],
  names: { card: 'Maker Camera', driver: 'uvcvideo', bus: 'usb-1' },
  formats: [
    {
      fourcc: 'MJPG',
      description: 'Motion-JPEG',
      isUsable: true,
      sizes: [
        { ...sides(640, 480), intervals },
        { ...sides(1280, 720), intervals },
        { ...sides(1920, 1080), intervals: [] },
      ],
    },
    { fourcc: 'H264', description: 'H.264', isUsable: false, sizes: [] },
  ],
  controls: [
    {
      ...{ id: 1, name: 'White Balance, Automatic', type: 'boolean', min: 0, max: 1, step: 1 },
      ...{ defaultValue: 1, value: 0, isReadOnly: false, isInactive: true, menu: [] },
    },
  ],
};
const denied = { path: '/dev/video2', code: 'NO_PERMISSION', reason: '/dev/video2: no permission' } as const;
const metadata = {
  path: '/dev/video1',
  code: 'NOT_A_CAMERA',
  reason: '/dev/video1: a metadata node',
} as const;

test('the text shows what a config needs', () => {
  const snapshots = new Map([
    ['/dev/video0', { file: 'x/video0.jpg', size: { width: 1280, height: 720 }, error: null }],
  ]);
  expect(camerasText({ cameras: [camera], others: [metadata, denied], snapshots, ipCameras: null })).toBe(
    `/dev/video0  Maker Camera
  device    /dev/v4l/by-id/usb-Maker_Camera-video-index0
  driver    uvcvideo, usb-1
  format    MJPG  Motion-JPEG
                  640x480 1280x720  at 30, 7.5 fps
                  1920x1080
  unusable  H264
  control   white_balance_automatic = 0  (true or false; default 1; inactive)
  snapshot  x/video0.jpg, 1280x720

could not be queried:
  /dev/video2: no permission

not cameras: /dev/video1`,
  );
});

test('no cameras, and none that can be opened, are different messages', () => {
  const snapshots = new Map();
  expect(camerasText({ cameras: [], others: [], snapshots, ipCameras: null })).toMatch(
    /^no V4L2 cameras: none is plugged in/,
  );
  expect(camerasText({ cameras: [], others: [denied], snapshots, ipCameras: null })).toMatch(
    /^no V4L2 camera can be opened\n\ncould not be queried:\n {2}\/dev\/video2: no permission$/,
  );
});

test('the JSON is in snake case, with sizes and rates', () => {
  expect(
    camerasJson({ cameras: [camera], others: [denied], snapshots: new Map(), ipCameras: null }),
  ).toMatchObject({
    cameras: [
      {
        path: '/dev/video0',
        stable_names: camera.stableNames,
        card: 'Maker Camera',
        formats: [
          { fourcc: 'MJPG', usable: true, sizes: [{ size: '640x480', rates: [30, 7.5] }, {}, { rates: [] }] },
          { fourcc: 'H264', usable: false },
        ],
        controls: [{ name: 'white_balance_automatic', min: 0, max: 1, default: 1, inactive: true }],
      },
    ],
    others: [denied],
  });
});
