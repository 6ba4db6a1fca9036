import { expect, test } from 'vitest';
import { type FfmpegSource, ffmpegCommand, firstPlan } from '../../src/camera/ffmpeg-command.ts';

const source = (options: Partial<FfmpegSource> & { readonly input: string }): FfmpegSource => ({
  transport: 'tcp',
  rotation: 0,
  size: null,
  intervalMs: 10_000,
  stallMs: 8000,
  ...options,
});

test.each([
  ['rtsp://h/x', 10_000, { copy: false, keyFramesOnly: true }],
  ['rtsp://h/x', 5000, { copy: false, keyFramesOnly: true }],
  ['rtsp://h/x', 4999, { copy: false, keyFramesOnly: false }],
  ['HTTPS://h/x', 1000, { copy: true, keyFramesOnly: false }],
  ['http://h/live.M3U8?channel=1', 1000, { copy: false, keyFramesOnly: false }],
  ['rtmp://h/x', 10_000, { copy: false, keyFramesOnly: true }],
  ['/clips', 10_000, { copy: false, keyFramesOnly: true }],
  ['lavfi:testsrc2', 10_000, { copy: false, keyFramesOnly: false }],
])('%s every %i ms is begun with %o', (input, intervalMs, plan) => {
  expect(firstPlan(source({ input, intervalMs }))).toEqual(plan);
});

test('JPEG pictures that must be turned or scaled are passed through too: ffmpeg would repair those that are cut', () => {
  expect(firstPlan(source({ input: 'http://h/x', rotation: 180 })).copy).toBe(true);
  expect(firstPlan(source({ input: 'http://h/x', size: { width: 64, height: 48 } })).copy).toBe(true);
});

test('an address reaches ffmpeg through its script only, quoted', () => {
  const camera = source({ input: "rtsp://host:8554/it's?a=1&b", transport: 'udp' });
  const login = { username: 'ad min', password: "p'w@d:/%&" };
  const { args, script } = ffmpegCommand(camera, firstPlan(camera), login);
  expect(args.join(' ')).not.toMatch(/host|ad min|8554/);
  expect(script).toContain(
    "file 'rtsp://ad%20min:p'\\''w%40d%3A%2F%25%26@host:8554/it'\\''s?a=1&b'\noption rtsp_transport udp\n",
  );
});

test('a login that ffmpeg would truncate is refused, and not in the error', () => {
  const command = (password: string, input = 'rtsp://h/x'): unknown =>
    ffmpegCommand(source({ input }), { copy: false, keyFramesOnly: false }, { username: 'me', password });
  expect(() => command('ä'.repeat(21))).toThrow(/^unauthorised; .* too long: ffmpeg accepts 127 characters/);
  expect(() => command('ä'.repeat(20))).not.toThrow();
  expect(() => command('ä'.repeat(21), 'http://h/x')).not.toThrow();
});

test('a path and a graph cannot be mistaken for options or protocols', () => {
  const path = source({ input: '/clips/concat:x' });
  expect(ffmpegCommand(path, firstPlan(path), null).args).toContain('file:/clips/concat:x');
  const graph = source({ input: 'lavfi:testsrc2=rate=5' });
  expect(ffmpegCommand(graph, firstPlan(graph), null).args).toContain('testsrc2=rate=5');
});
