import { stripVTControlCharacters } from 'node:util';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { RunLines } from '../../src/cli/run-lines.ts';
import { observation } from '../../tools/test/observation.ts';

let printed = '';
let lines: RunLines;

beforeEach(() => {
  printed = '';
  lines = new RunLines(['porch', 'garden'], (line) => {
    printed += line;
  });
});

/** What was printed, without its times. */
const shown = (): string => stripVTControlCharacters(printed).replace(/^\d\d:\d\d:\d\d/gm, 'TIME');
const log = () => pino({ level: 'debug' }, { write: (line) => lines.log(line) });

test('an observation: camera, sentence, seconds and answers', () => {
  const seen = observation({ text: 'A red circle.', answers: { gate_open: false, people: 3 } });
  lines.observation({ ...seen, totalMs: 2140 });
  log().info({ camera: 'porch' }, 'described');
  expect(shown()).toBe('TIME  porch   A red circle. 2.1 s\n                  gate_open: false · people: 3\n');
});

test('answers alone, of one of two models', () => {
  lines.observation({ ...observation({ text: null, answers: { people: 3 } }), totalMs: 900 });
  expect(shown()).toBe('TIME  porch   people: 3 0.9 s\n');
});

test('a long sentence continues below its begin', () => {
  lines.observation(observation({ text: 'word '.repeat(40) }));
  const [first, second] = shown().split('\n');
  expect(first).toMatch(/^TIME {2}porch {3}word( word)+$/);
  expect(first!.length).toBeLessThanOrEqual(80);
  expect(second).toMatch(/^ {18}word( word)+$/);
});

test('the log in words: level, message, reason, remedy and plain fields', () => {
  log().warn(
    { camera: 'porch', reason: 'it gave no picture for 8 s', backOffMs: 5000, id: 'x' },
    'camera gives no picture',
  );
  log().error({ reason: 'disk full', remedy: 'free some space' }, 'outbox');
  log().info(
    { url: 'mqtt://b', dropped: 0, memoryBytes: 2.5e9, nested: { a: 1 } },
    'connected to the broker',
  );
  expect(shown().split('\n').slice(0, -1)).toEqual([
    'TIME  porch   warning: camera gives no picture: it gave no picture for 8 s',
    '                  (back off 5 s)',
    'TIME  error: outbox: disk full; free some space',
    'TIME  connected to the broker (url mqtt://b, dropped 0, memory 2.50 GB)',
  ]);
});

test('state changes that are not logged', () => {
  const since = new Date();
  lines.cameraVision('porch', { state: 'stale', since, reason: 'no look has succeeded since the start' });
  lines.cameraStatus('porch', { state: 'online', problem: null, reason: null });
  lines.cameraVision('porch', { state: 'current', since, reason: null });
  lines.cameraStatus('porch', { state: 'offline', problem: null, reason: 'gone' });
  lines.cameraVision('porch', { state: 'failing', since, reason: 'gone' });
  expect(shown()).toBe('');
  lines.cameraStatus('porch', { state: 'online', problem: null, reason: null });
  lines.cameraVision('porch', { state: 'paused', since, reason: 'the camera is paused' });
  lines.cameraVision('porch', { state: 'current', since, reason: null });
  lines.cameraVision('porch', { state: 'stale', since, reason: 'no look has succeeded for 120 s' });
  expect(shown().split('\n').slice(0, -1)).toEqual([
    'TIME  porch   camera gives pictures again',
    'TIME  porch   paused: the camera is paused',
    'TIME  porch   no longer paused',
    'TIME  porch   stale: no look has succeeded for 120 s',
  ]);
});

test('an alert', async () => {
  const alert = {
    camera: 'porch',
    rule: 'crowd',
    at: new Date(),
    confidence: 1,
    evidence: ['x'],
    text: null,
    watch: null,
  };
  await lines.alert({ ...alert, state: 'on' });
  await lines.alert({ ...alert, state: 'off' });
  expect(shown()).toBe('TIME  porch   alert: crowd is on\nTIME  porch   alert: crowd is off\n');
});

test('text of models and cameras cannot control the terminal', () => {
  const evil = 'a\x1b[2Jb\x1b]0;title\x07\r\x9b31m';
  lines.observation(observation({ text: evil, answers: { people: evil } }));
  log().warn({ camera: evil, reason: evil, other: evil }, 'camera gives no picture');
  expect(stripVTControlCharacters(printed)).not.toMatch(/[^\P{Cc}\n]/u);
  expect(printed).not.toContain('[2J');
});
