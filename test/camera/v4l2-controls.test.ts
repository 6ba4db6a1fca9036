import { expect, test } from 'vitest';
import type { V4l2Control, V4l2Device } from '../../src/camera/v4l2-addon.ts';
import {
  applyControls,
  type ControlValue,
  controlKey,
  controlSettings,
} from '../../src/camera/v4l2-controls.ts';

function control(id: number, name: string, fields: Partial<V4l2Control> = {}): V4l2Control {
  const range = { min: 0, max: 255, step: 1, defaultValue: 128, value: 128 };
  return { id, name, type: 'integer', ...range, isReadOnly: false, isInactive: false, menu: [], ...fields };
}

const menu = (...entries: [number, string][]): Partial<V4l2Control> => ({
  type: 'menu',
  menu: entries.map(([value, name]) => ({ value, name })),
});

/** The controls of a common webcam; the ids are V4L2's. */
const webcam = [
  control(0x00980900, 'Brightness'),
  control(0x0098090c, 'White Balance, Automatic', { type: 'boolean', max: 1 }),
  control(0x00980913, 'Gain'),
  control(0x00980918, 'Power Line Frequency', menu([0, 'Disabled'], [1, '50 Hz'], [2, '60 Hz'])),
  control(0x0098091a, 'White Balance Temperature', { min: 2800, max: 6500, isInactive: true }),
  control(0x009a0901, 'Auto Exposure', menu([1, 'Manual Mode'], [3, 'Aperture Priority Mode'])),
  control(0x009a0902, 'Exposure Time, Absolute', { min: 3, max: 2047, isInactive: true }),
  control(0x009a090a, 'Focus, Absolute', { step: 5 }),
  control(0x009a090c, 'Focus, Automatic Continuous', { type: 'boolean', max: 1 }),
  control(0x00980927, 'Chip Temperature', { isReadOnly: true }),
];

function settings(wanted: Record<string, ControlValue>, controls = webcam): [number, number][] {
  return controlSettings('/dev/video9', controls, wanted).map(({ id, value }) => [id, value]);
}

test.each<[Record<string, ControlValue>, [number, number][]]>([
  [{ exposure: 'auto' }, [[0x009a0901, 3]]],
  [
    { exposure: 200 },
    [
      [0x009a0901, 1],
      [0x009a0902, 200],
    ],
  ],
  [{ white_balance: 'auto' }, [[0x0098090c, 1]]],
  [
    { white_balance: 4500 },
    [
      [0x0098090c, 0],
      [0x0098091a, 4500],
    ],
  ],
  [{ focus: 'auto' }, [[0x009a090c, 1]]],
  [
    { focus: 30 },
    [
      [0x009a090c, 0],
      [0x009a090a, 30],
    ],
  ],
  [{ gain: 10 }, [[0x00980913, 10]]],
  [
    { brightness: 7, 'White Balance, Automatic': false },
    [
      [0x0098090c, 0],
      [0x00980900, 7],
    ],
  ],
  [{ power_line_frequency: '50 hz' }, [[0x00980918, 1]]],
  [{ power_line_frequency: 2 }, [[0x00980918, 2]]],
  [
    { white_balance_temperature: 3000, white_balance_automatic: false },
    [
      [0x0098090c, 0],
      [0x0098091a, 3000],
    ],
  ],
])('%j', (wanted, expected) => {
  expect(settings(wanted)).toEqual(expected);
});

test('all-automatic exposure is what a sensor without aperture priority has', () => {
  const sensor = [
    control(0x009a0901, 'Auto Exposure', menu([0, 'Auto Mode'], [1, 'Manual Mode'])),
    control(0x00980911, 'Exposure'),
  ];
  expect(settings({ exposure: 'auto' }, sensor)).toEqual([[0x009a0901, 0]]);
  expect(settings({ exposure: 9 }, sensor)).toEqual([
    [0x009a0901, 1],
    [0x00980911, 9],
  ]);
});

test.each<[Record<string, ControlValue>, RegExp]>([
  [
    { zoom: 3 },
    /\/dev\/video9: control zoom: this camera has no such control; it has brightness, white_balance_automatic, gain/,
  ],
  [{ brightness: 256 }, /control brightness: must be a whole number from 0 to 255 \(it is 256\)/],
  [{ brightness: 'auto' }, /control brightness: must be a whole number .*\(it is "auto"\)/],
  [{ white_balance: 100 }, /control white_balance: must be a whole number from 2800 to 6500 \(it is 100\)/],
  [{ gain: 'auto' }, /control gain: "auto" is not supported by this camera; it has brightness/],
  [
    { power_line_frequency: '55 Hz' },
    /must be one of "Disabled" \(0\), "50 Hz" \(1\), "60 Hz" \(2\) \(it is "55 Hz"\)/,
  ],
  [{ chip_temperature: 3 }, /control chip_temperature: is read-only/],
  [{ focus: 1.5 }, /control focus: must be a whole number from 0 to 255 in steps of 5 \(it is 1.5\)/],
])('%j is refused', (wanted, message) => {
  expect(() => settings(wanted)).toThrow(message);
});

test('the error of a camera without controls says so', () => {
  expect(() => settings({ exposure: 'auto' }, [])).toThrow(/control exposure: .*; it has no controls/);
});

test("the driver's refusal is reported with the control's name and value", async () => {
  const done: [number, number][] = [];
  const device = {
    async setControl(id: number, value: number) {
      if (value > 1000) throw new Error('the driver refuses it: Numerical result out of range');
      done.push([id, value]);
    },
  } as V4l2Device;
  const wanted = controlSettings('/dev/video9', webcam, { exposure: 2000, gain: 3 });
  await expect(applyControls(device, '/dev/video9', wanted)).rejects.toThrow(
    '/dev/video9: control exposure: cannot be set to 2000: the driver refuses it: Numerical result out of range',
  );
  expect(done).toEqual([[0x009a0901, 1]]);
});

test('names are written as v4l2-ctl writes them', () => {
  expect(controlKey("Y'CbCr Encoding")).toBe('y_cbcr_encoding');
  expect(controlKey('Exposure Time, Absolute')).toBe('exposure_time_absolute');
});
