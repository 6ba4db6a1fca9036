import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nativeJpegBlocks } from '../../src/camera/jpeg-blocks.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import { plugIn, type UsbPorts, usbCamera } from './cameras-usb.ts';
import { never, withCamera } from './in-vm.ts';
import { expect, type Suite } from './suite.ts';

/** Other load on the machine affects single periods: the median counts. */
const stretches = 5;
const stretchSeconds = 12;
/** At the camera's own rate: under emulation V8 takes seconds to compile hot code. */
const warmUpLooks = 150;
const maxPercent = 3;

interface Watched {
  readonly hasGate: boolean;
  /** Whether every picture is a different file, as with a real camera. */
  readonly isEachNew: boolean;
}

/**
 * Measures the cost of an idle camera: 1280x720 MJPEG at 30 fps, one capture per second, and one decision of the gate
 * over a static scene. CPU time of this process, user and system, after warming up; an emulated processor needs many
 * times a real one's, so a board does better.
 */
export async function checkIdle(suite: Suite, ports: UsbPorts): Promise<void> {
  const check = (name: string, max: number, watched: Watched): Promise<boolean> =>
    suite.check(`usb: CPU of an idle 1280x720 MJPEG camera, ${name}`, async () => {
      if (!existsSync(usbCamera)) await plugIn(ports);
      const { percent, detail } = await costOf(watched);
      expect(percent < max, detail);
      return detail;
    });
  await check('capture alone', maxPercent, { hasGate: false, isEachNew: false });
  await check('with the gate', maxPercent, { hasGate: true, isEachNew: false });
  // No mark: emulated floating point and vector instructions are not comparable with a board's.
  await check('with the gate, every picture a different file', 100, { hasGate: true, isEachNew: true });
}

async function costOf({ hasGate, isEachNew }: Watched): Promise<Stretch> {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const gate = hasGate
    ? new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true }, nativeJpegBlocks(silent))
    : null;
  return withCamera(usbCamera, { size: { width: 1280, height: 720 } }, async (camera) => {
    const look = async (count: number): Promise<void> => {
      const picture = await camera.capture(never);
      // Bytes after a JPEG's end marker are ignored, and make the file different.
      const bytes = isEachNew ? Buffer.concat([picture.bytes, Buffer.of(count)]) : picture.bytes;
      if (gate) expect(!(await gate.look({ ...picture, bytes })).compare().changed, 'the gate saw a change');
    };
    (await gate?.look(await camera.capture(never)))?.described();
    for (let count = 1; count <= warmUpLooks; count++) await look(count);
    const measured: Stretch[] = [];
    for (let count = 0; count < stretches; count++) measured.push(await stretch(look));
    return measured.sort((one, other) => one.percent - other.percent)[stretches >> 1]!;
  });
}

interface Stretch {
  readonly percent: number;
  readonly detail: string;
}

/** Looks once per second. */
async function stretch(look: (count: number) => Promise<void>): Promise<Stretch> {
  const threadsBefore = threadTimes();
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (let second = 1; second <= stretchSeconds; second++) {
    await look(second);
    await sleep(Math.max(0, startedAt + second * 1000 - performance.now()));
  }
  const { user, system } = process.cpuUsage(before);
  const milliseconds = performance.now() - startedAt;
  const share = (micros: number): string => `${(micros / 10 / milliseconds).toFixed(2)} %`;
  const threads = [...threadTimes()].map(([name, { micros, sleeps }]) => {
    const earlier = threadsBefore.get(name);
    const slept = (sleeps - (earlier?.sleeps ?? 0)) / stretchSeconds;
    return `${name} ${share(micros - (earlier?.micros ?? 0))}, woken ${slept.toFixed(1)} times a look`;
  });
  return {
    percent: (user + system) / 10 / milliseconds,
    detail: `${share(user + system)} of an emulated core (TCG), median of ${stretches}: user ${share(user)}, system ${share(system)}; ${threads.join('; ')}`,
  };
}

/** CPU time and voluntary context switches of this process's threads, by thread name. */
function threadTimes(): Map<string, { micros: number; sleeps: number }> {
  const times = new Map<string, { micros: number; sleeps: number }>();
  for (const thread of readdirSync('/proc/self/task')) {
    const read = (file: string): string => readFileSync(`/proc/self/task/${thread}/${file}`, 'utf8');
    const name = read('comm').trim();
    const { micros, sleeps } = times.get(name) ?? { micros: 0, sleeps: 0 };
    times.set(name, {
      micros: micros + Number(read('schedstat').split(' ')[0]) / 1000,
      sleeps: sleeps + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read('status'))?.[1]),
    });
  }
  return times;
}
