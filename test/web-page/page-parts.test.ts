import { expect, test } from 'vitest';
import { requestError } from '../../src/camera/http-fault.ts';
import { parseConfig } from '../../src/config/load.ts';
import { noLookYet } from '../../src/domain/camera-vision.ts';
import { ChangeDetector } from '../../src/gate/change-detector.ts';
import { HttpError } from '../../src/system/http-error.ts';
import { formatOf } from '../../web/src/format.ts';
import {
  changesAt,
  heightOf,
  measureAt,
  peaksOf,
  sensitivityOf,
  thresholdOf,
} from '../../web/src/gate-measures.ts';
import { reasonIn } from '../../web/src/reason.ts';
import { hashOf, routeOf } from '../../web/src/route.ts';
import { de } from '../../web/src/text/de.ts';
import { en } from '../../web/src/text/en.ts';
import { aimYaml, newZone, withCorner, withCornerAt, withoutCorner, type Zone } from '../../web/src/zones.ts';

test('the threshold of a sensitivity is that of the gate', () => {
  for (const sensitivity of [0, 20, 50, 77, 100]) {
    const { threshold } = new ChangeDetector({ sensitivity, ignore: [], lightGuard: true });
    expect(thresholdOf(sensitivity)).toBeCloseTo(threshold, 10);
    expect(sensitivityOf(threshold)).toBe(sensitivity);
  }
  expect([sensitivityOf(90), sensitivityOf(0.001)]).toEqual([0, 100]);
});

test('only measures above the threshold count as changes', () => {
  const readings = [null, 0.2, 0.5, 0.6].map((measure) => ({
    at: '',
    measure,
    threshold: 0.5,
    changed: false,
  }));
  expect(changesAt(readings, 0.5)).toBe(1);
});

test('of each stretch of time, the chart shows the largest measure', () => {
  const readings = [
    ['2026-11-30T12:00:01Z', null],
    ['2026-11-30T12:00:04Z', 2],
    ['2026-11-30T12:00:09Z', 1],
    ['2026-11-30T12:00:11Z', 0.5],
  ].map(([at, measure]) => ({
    at: String(at),
    measure: measure as number | null,
    threshold: 0.5,
    changed: true,
  }));
  expect(peaksOf(readings, 10_000).map(({ measure }) => measure)).toEqual([2, 0.5]);
});

test('reasons that a language has words for are translated, and say no less', () => {
  const german = (reason: string): unknown[] => Object.values(reasonIn(de, reason));
  expect(german(noLookYet)).toEqual(['Seit dem Start ist noch kein Blick gelungen.', null]);
  expect(german('no look has succeeded for 120 s')).toEqual(['Seit 120 s ist kein Blick gelungen.', null]);
  const away = requestError(new HttpError('unreachable', 'no route to host')).message;
  expect(german(away)).toEqual(['Bitte Adresse und Netzwerk der Kamera prüfen.', away]);
  expect(german('something new')).toEqual(['something new', null]);
  expect(reasonIn(en, away)).toEqual({ text: away, original: null });
});

test('a place on the chart is that of its measure', () => {
  expect([heightOf(0), heightOf(100)]).toEqual([0, 1]);
  expect(measureAt(heightOf(0.7))).toBeCloseTo(0.7, 6);
});

test('a corner stays within the picture, and three are left', () => {
  expect(withCornerAt(newZone, 1, [1.4, -0.2])[1]).toEqual([1, 0]);
  const more = withCorner([
    [0, 0],
    [1, 0],
    [0, 0.5],
  ]);
  expect(more).toEqual({
    zone: [
      [0, 0],
      [1, 0],
      [0.5, 0.25],
      [0, 0.5],
    ],
    corner: 2,
  });
  const triangle: Zone = withoutCorner(newZone, 0);
  expect(triangle).toHaveLength(3);
  expect(withoutCorner(triangle, 0)).toBe(triangle);
});

test('the config takes what is there to paste', () => {
  const yaml = aimYaml('porch', { ignore: [newZone], privacy: [] }, 62);
  const config = parseConfig(`${yaml}    source: { type: scene }\n`, 'c.yaml');
  const { gate, privacy } = config.cameras['porch']!;
  expect([gate.sensitivity, gate.ignore, privacy]).toEqual([62, [newZone], []]);
  expect(aimYaml('porch', { ignore: [], privacy: [newZone] }, null)).not.toContain('gate');
});

test.each([
  ['', 'now', null],
  ['#board', 'board', null],
  ['#aim/front%20door', 'aim', 'front door'],
  ['#aim/%', 'aim', '%'],
  ['#elsewhere', 'now', null],
])('the address %s leads to %s', (hash, view, camera) => {
  expect(routeOf(hash)).toEqual({ view, camera, question: null, query: {} });
});

test('an address that the page makes leads to the same place', () => {
  const hash = hashOf('past', ['front door', 'gate/open?'], { days: '7', text: 'a & b ü', empty: '' });
  expect(routeOf(hash)).toEqual({
    view: 'past',
    camera: 'front door',
    question: 'gate/open?',
    query: { days: '7', text: 'a & b ü' },
  });
});

test('times and sizes are in the language of the reader', () => {
  const format = formatOf('en');
  const at = '2026-11-30T12:00:00Z';
  expect(format.ago(at, Date.parse(at) + 12_000)).toBe('12 sec. ago');
  expect(format.ago(at, Date.parse(at) + 3 * 60_000)).toBe('3 min. ago');
  // The clock of the board may be behind.
  expect(format.ago(at, Date.parse(at) - 5000)).toBe('0 sec. ago');
  expect(format.seconds(4120)).toBe('4.1 s');
  expect(format.seconds(119_900)).toBe('2 min 0 s');
  expect(formatOf('de').seconds(4120)).toBe('4,1 s');
  expect([0, 59_600, 200 * 60_000, 86_400_000, 90_000_000].map(format.duration)).toEqual([
    '0 sec',
    '1 min',
    '3 hr 20 min',
    '1 day',
    '1 day 1 hr',
  ]);
});

test('no text of a language is empty or left in English', () => {
  const same = new Set(['code', 'version', 'build', 'broker', 'plan', 'camera', 'search', 'yes']);
  const walk = (english: object, german: object, path: string): void => {
    for (const [key, value] of Object.entries(english)) {
      const other: unknown = (german as Record<string, unknown>)[key];
      if (typeof value === 'object') walk(value as object, other as object, `${path}${key}.`);
      else if (typeof value === 'string') {
        expect(other, `${path}${key}`).not.toBe('');
        if (value.length > 16 && !same.has(key)) expect(other, `${path}${key}`).not.toBe(value);
      }
    }
  };
  walk(en, de, '');
});
