import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./v4l2-stream-child.ts', import.meta.url));
const source = join(import.meta.dirname, '../../tools/test/fake-v4l2.c');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-fake-v4l2-'));
  execFileSync('cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-Wall',
    '-o',
    join(folder, 'fake.so'),
    source,
    '-ldl',
    '-lpthread',
  ]);
  return () => rmSync(folder, { recursive: true });
});

const failed = '/dev/video250: ';
const stalled = `${failed}no picture for 500 ms`;
const damaged = new RegExp(`^${stalled}; \\d+ damaged ones were dropped; it is stalled`);

test.each([
  ['yuyv', false],
  ['yuyv', true],
  ['mjpg', false],
  ['mjpg', true],
])(
  '%s, multi-planar: %j: pictures are new, faults have names, and nothing is left over',
  async (format, isMultiPlanar) => {
    const { stdout } = await run(process.execPath, [child, format], {
      env: {
        ...process.env,
        LD_PRELOAD: join(folder, 'fake.so'),
        FAKE_V4L2_MODE: join(folder, `${format}-${isMultiPlanar}.mode`),
        ...(isMultiPlanar && { FAKE_V4L2_PLANES: '1' }),
      },
    });
    const report = JSON.parse(stdout);
    const isJpeg = format === 'mjpg';
    // 0x80 is 130 of 255 once limited levels are stretched. Of a JPEG the padding after its end is left out.
    const raw = { length: 64 * 32 * 3, pixels: 'rgb24', begin: [130, 130, 130], end: [130, 130] };
    expect(report).toMatchObject({
      first: { size: { width: 64, height: 32 }, ...(isJpeg ? { length: 592, end: [0xff, 0xd9] } : raw) },
      hasTime: true,
      waitedForNew: true,
      freeze: expect.stringMatching(new RegExp(`^${stalled}; it is stalled`)),
      marked: expect.stringMatching(damaged),
      cut: isJpeg ? expect.stringMatching(damaged) : 'a picture',
      short: expect.stringMatching(damaged),
      eio: `${failed}cannot read a picture: Input/output error`,
      enodev: `${failed}was unplugged`,
      growth: [0, 0, 0],
      closed: `${failed}the camera is closed`,
      busy: expect.stringContaining(`${failed}is in use by another program`),
    });
  },
  120_000,
);
