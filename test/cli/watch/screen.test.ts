import { beforeEach, describe, expect, test } from 'vitest';
import { columnsOf } from '../../../src/cli/terminal/text-columns.ts';
import { screenLines } from '../../../src/cli/watch/screen.ts';
import { WatchedBoards } from '../../../src/cli/watch/watched-boards.ts';
import { observedPayload } from '../../../src/contract/payloads.ts';
import { boardMessageOf } from '../../../src/mqtt/board-messages.ts';
import { observation } from '../../../tools/test/observation.ts';

const now = new Date('2026-11-30T12:00:00Z');
let boards: WatchedBoards;

beforeEach(() => {
  boards = new WatchedBoards();
  boards.connected();
});

function say(topic: string, payload: object | null): void {
  const bytes = Buffer.from(payload ? JSON.stringify(payload) : '');
  boards.apply(boardMessageOf(`scenecast/${topic}`, bytes)!);
}

function describes(camera: string, text: string, secondsAgo = 12): void {
  const capturedAt = new Date(now.getTime() - secondsAgo * 1000);
  say(`orion/${camera}/description`, observedPayload(observation({ camera, text, capturedAt }), now));
  say(`orion/${camera}/vision`, { schema: 1, state: 'current', since: now.toISOString(), reason: null });
}

const answer = (value: unknown, confidence: number | null = null): object => ({
  schema: 1,
  value,
  confidence,
  calibrated: false,
  reason: value === null ? 'uncertain' : null,
  id: '01KADQ0000000000000000000A',
  captured_at: now.toISOString(),
});

const rule = (state: string, more: object = {}): object => ({
  schema: 1,
  state,
  since: new Date(now.getTime() - 300_000).toISOString(),
  confidence: null,
  evidence: [],
  reason: state === 'unknown' ? 'undecided' : null,
  ...more,
});

const alert = (more: object): object => ({
  schema: 1,
  id: '01KADQ0000000000000000000A',
  camera: 'porch',
  rule: 'gate_left_open',
  watch: null,
  note: null,
  state: 'on',
  at: now.toISOString(),
  summary: null,
  confidence: null,
  evidence: [],
  image: null,
  ...more,
});

function screen(columns = 80, rows = 24): string[] {
  const lines = screenLines(boards, 'mqtt://broker', { columns, rows }, now);
  return lines.map((line) => line.map(({ text }) => text).join(''));
}

test('a board with its cameras, answers and health', () => {
  say('orion/status', { state: 'online' });
  say('orion/health', {
    schema: 1,
    at: now.toISOString(),
    engine: 'busy',
    queue_depth: 2,
    frames: { captured: 1, described: 1, unchanged: 0, failed: 0, dropped: 0, expired: 0 },
    timing_ms: { p50: 12_340, p95: 20_000 },
    board: {
      temperature_c: 61.4,
      memory_available_bytes: 5.2e9,
      memory_total_bytes: 16e9,
      clock_limited: true,
      under_voltage: null,
    },
    cameras: {},
  });
  describes('porch', 'A red circle to the left of a blue square.');
  say('orion/porch/answer/gate_open', answer(false));
  say('orion/porch/answer/people', answer(null));
  say('orion/yard/vision', {
    schema: 1,
    state: 'failing',
    since: now.toISOString(),
    reason: 'refused login',
  });
  expect(screen().map((line) => line.trimEnd())).toEqual(
    [
      expect.stringMatching(/^Scenecast {2}mqtt:\/\/broker +\d\d:\d\d:\d\d$/),
      '',
      'orion  online',
      '  engine busy · clock limited · 2 waiting · 12.3 s a picture · 61 °C · 5.20 GB free',
      '  porch  current  12 s ago',
      '    A red circle to the left of a blue square.',
      '    gate_open: false · people: uncertain',
      '  yard  failing  refused login',
      '',
      'Newest',
      expect.stringMatching(/^ {2}\d\d:\d\d:\d\d {2}porch {2}A red circle to the left of a blue square.$/),
      ...Array(11).fill(''),
      '',
      'q quits',
    ].map((line) => (typeof line === 'string' && line.length > 80 ? `${line.slice(0, 79)}…` : line)),
  );
});

test('answers and rules say how sure they are, and alerts are among what is new', () => {
  describes('porch', 'A dog.');
  say('orion/porch/answer/gate_open', answer(true, 0.97));
  say('orion/porch/answer/people', answer(1, 0.59));
  say('orion/porch/answer/what', answer('a dog'));
  say('orion/porch/rule/gate_left_open', rule('on', { confidence: 0.81 }));
  say('orion/porch/rule/crowd', rule('off'));
  say('orion/porch/rule/unattended', rule('unknown'));
  say('orion/porch/alert', alert({ confidence: 0.6 }));
  // An alert that arrives again.
  say('orion/porch/alert', alert({ confidence: 0.6 }));
  say('orion/porch/alert', alert({ rule: null, watch: '01KADQ0000000000000000000B', note: 'The parcel' }));
  expect(screen()).toContain('    gate_open: true (very sure) · people: 1 (unsure) · what: a dog');
  expect(screen()).toContain('    crowd is off for 5 min · gate_left_open is on for 5 min (sure) ·');
  expect(screen()).toContain('    unattended is unknown (undecided)');
  const newest = screen().filter((line) => /^ {2}\d\d:/.test(line));
  expect(newest.map((line) => line.slice(12))).toEqual([
    'porch  alert: The parcel is on',
    'porch  alert: gate_left_open is on (fairly sure)',
    'porch  A dog.',
  ]);
  // Where there is little room, only what is on.
  expect(screen(120, 8)).toContain(
    '  porch  current  12 s ago  gate_left_open is on for 5 min (sure)  A dog. · gate_open: true (very sure) · people: 1 (un…',
  );
});

describe('what no longer holds', () => {
  test('a board that is offline says nothing about its cameras', () => {
    describes('porch', 'A dog.');
    say('orion/status', { state: 'offline' });
    say('orion/porch/rule/left_open', rule('on'));
    expect(screen().join('\n')).toMatch(/orion {2}offline[\s\S]*porch {2}unknown {2}12 s ago/);
    expect(screen()).toContain('    left_open is unknown');
  });

  test('old health is shown with its age', () => {
    const at = new Date(now.getTime() - 600_000).toISOString();
    const frames = { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 };
    say('orion/health', { schema: 1, at, engine: 'idle', queue_depth: 0, frames, cameras: {} });
    expect(screen()).toContain('  10 min ago: engine idle');
  });

  test('cleared topics go, and cameras and boards with nothing left', () => {
    describes('porch', 'A dog.');
    say('orion/porch/description', null);
    expect(screen().join('\n')).toContain('porch  current');
    say('orion/porch/rule/crowd', rule('off'));
    say('orion/porch/vision', null);
    expect(screen().join('\n')).toContain('crowd is off');
    say('orion/porch/rule/crowd', null);
    expect(screen().join('\n')).not.toContain('orion');
  });

  test('on a new connection only what the broker still retains is left, and the newest sentences', () => {
    describes('porch', 'A dog.');
    boards.disconnected('nothing listens at mqtt://broker (ECONNREFUSED)');
    expect(screen().at(-1)).toMatch(/^no connection: nothing listens/);
    boards.connected();
    expect(screen().join('\n')).not.toContain('orion');
    expect(screen().join('\n')).toMatch(/Newest\n.*porch {2}A dog\./);
  });
});

test('a payload of a newer schema is named, and the rest is shown', () => {
  describes('porch', 'A dog.');
  say('orion/porch/answer/gate', { schema: 7, value: {} });
  expect(screen()).toContain('    answer gate: its schema 7 is newer than this Scenecast; update it');
  expect(screen()).toContain('    A dog.');
  say('orion/porch/answer/gate', answer(true));
  expect(screen()).toContain('    gate: true');
  expect(screen().join('\n')).not.toContain('schema');
});

test('no line is wider and no screen higher than the terminal, whatever is published', () => {
  const texts = [
    '赤い円の左に青い四角があります。'.repeat(9),
    'w'.repeat(300),
    '👩‍👩‍👧 a\u0316'.repeat(50),
    '',
  ];
  for (const [index, text] of texts.entries()) {
    describes(`camera${index}`, text);
    say(`orion/camera${index}/answer/gate`, answer(`\x1b[2J${text.slice(0, 200)}`));
  }
  for (const [columns, rows] of [
    [80, 24],
    [20, 10],
    [7, 3],
    [1, 1],
    [300, 100],
  ] as const) {
    const lines = screen(columns, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) {
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
      expect(line).not.toMatch(/\p{Cc}/u);
    }
  }
});

test('a short terminal gets one line a camera, and how many lines are missing', () => {
  for (let index = 0; index < 12; index++) describes(`camera${index}`, `Scene ${index}.`);
  expect(screen(80, 18)).toContain('  camera0  current  12 s ago  Scene 0.');
  const short = screen(80, 12);
  expect(short).toHaveLength(12);
  expect(short.at(-3)).toBe('  … 6 more lines: enlarge the window');
  expect(short.at(-1)).toBe('q quits');
});

test('the newest sentences are in the order of their capture, each once', () => {
  describes('porch', 'Second.', 20);
  describes('yard', 'First.', 10);
  describes('porch', 'Third.', 30);
  const newest = screen().filter((line) => /^ {2}\d\d:/.test(line));
  expect(newest.map((line) => line.slice(12))).toEqual(['yard  First.', 'porch  Second.', 'porch  Third.']);
});
