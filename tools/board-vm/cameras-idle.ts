import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import { plugIn, type UsbPorts, usbCamera } from './cameras-usb.ts';
import { never, withCamera } from './in-vm.ts';
import { expect, type Suite } from './suite.ts';

const measuredSeconds = 60;
const warmUpSeconds = 10;
const mostPercent = 3;

/**
 * What an idle camera costs: 1280x720 MJPEG at 30 pictures a second, one capture a second, and one decision of the gate
 * over a scene that does not change: the camera is simulated, so its pictures are the same file. CPU time of this process, user and system; an emulated processor needs many times a
 * real one's, so a board does better.
 */
export async function checkIdle(suite: Suite, ports: UsbPorts): Promise<void> {
  const gateOf = (): SceneGate => new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true });
  const cost = async (
    gate: SceneGate | null,
    isEachNew: boolean,
  ): Promise<[percent: number, detail: string]> => {
    if (!existsSync(usbCamera)) await plugIn(ports);
    return withCamera(usbCamera, { size: { width: 1280, height: 720 } }, async (camera) => {
      const lookFor = async (seconds: number): Promise<void> => {
        const startedAt = performance.now();
        for (let second = 1; second <= seconds; second++) {
          const picture = await camera.capture(never);
          // What follows a JPEG's end mark is not read, and makes another file of it.
          const bytes = isEachNew ? Buffer.concat([picture.bytes, Buffer.of(second)]) : picture.bytes;
          if (gate)
            expect(!(await gate.look({ ...picture, bytes })).compare().changed, 'the gate saw a change');
          await sleep(Math.max(0, startedAt + second * 1000 - performance.now()));
        }
      };
      (await gate?.look(await camera.capture(never)))?.described();
      await lookFor(warmUpSeconds);
      const before = process.cpuUsage();
      const startedAt = performance.now();
      await lookFor(measuredSeconds);
      const { user, system } = process.cpuUsage(before);
      const percent = (micros: number): number => micros / 10 / (performance.now() - startedAt);
      const total = percent(user + system);
      return [
        total,
        `${total.toFixed(2)} % of an emulated core (TCG): user ${percent(user).toFixed(2)} %, system ${percent(system).toFixed(2)} %; ${measuredSeconds} looks`,
      ];
    });
  };
  await suite.check('usb: CPU of an idle 1280x720 MJPEG camera, with the gate', async () => {
    const [percent, detail] = await cost(gateOf(), false);
    expect(percent < mostPercent, detail);
    return detail;
  });
  // No mark: emulated vector instructions say nothing of a board's.
  await suite.check('usb: the same, every picture another file', async () => {
    const [, detail] = await cost(gateOf(), true);
    return detail;
  });
}
