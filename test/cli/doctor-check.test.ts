import { expect, test } from 'vitest';
import {
  checked,
  checksJson,
  checkText,
  failed,
  ok,
  summaryText,
  warning,
} from '../../src/cli/doctor-check.ts';
import { checkClock, checkDisk } from '../../src/cli/doctor-system.ts';

const checks = [
  ok('config', '/etc/scenecast/config.yaml: device porch, 2 cameras'),
  warning('service', 'inactive; it does not run', 'sudo systemctl enable --now scenecast'),
  failed('camera', `porch: ${'refused; check host and port: nothing listens there '.repeat(3)}`),
  failed('config', '/etc/x.yaml:\n  mqtt.url: is missing\n  cameras: is missing'),
];

test('a check is a line of status, part and text, with its remedy below, within 80 columns', () => {
  const text = checks.map((check) => checkText(check, 80));
  expect(text[0]).toBe('ok       config   /etc/scenecast/config.yaml: device porch, 2 cameras');
  expect(text[1]).toBe(
    `warning  service  inactive; it does not run\n${' '.repeat(18)}-> sudo systemctl enable --now scenecast`,
  );
  expect(text[3]!.split('\n').map((line) => line.slice(18))).toEqual([
    '/etc/x.yaml:',
    'mqtt.url: is missing',
    'cameras: is missing',
  ]);
  const lines = text.join('\n').split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(lines.length).toBeGreaterThan(checks.length);
});

test('the summary counts each status, and JSON has the checks', () => {
  expect(summaryText(checks)).toBe('4 checks: 1 ok, 1 warning, 2 failed');
  expect(checksJson(checks)).toEqual({ ok: false, checks });
  expect(checksJson(checks.slice(0, 2))).toMatchObject({ ok: true });
});

test('a check that throws has failed', async () => {
  expect(await checked('disk', () => Promise.reject(new Error('no such disk')))).toEqual(
    failed('disk', 'no such disk'),
  );
});

test.each([0, Date.UTC(1970, 0, 1, 5), Date.UTC(2000, 0, 1), Date.UTC(2025, 11, 31)])(
  'a clock at %i is not set',
  async (now) => {
    expect(await checkClock(now)).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('timedatectl'),
    });
  },
);

test('the disk of a state folder that is not created yet is that of the folder above', async () => {
  const { status, text } = await checkDisk('/tmp/not/created/yet', null);
  expect(text).toMatch(/ free at \/tmp$/);
  expect(status).not.toBe('failed');
});
