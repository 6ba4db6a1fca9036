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
 * over a scene that does not change. CPU time of this process, user and system; an emulated processor needs many times a
 * real one's, so a board does better.
 */
export async function checkIdle(suite: Suite, ports: UsbPorts): Promise<void> {
  const cost = async (gate: SceneGate | null): Promise<string> => {
    if (!existsSync(usbCamera)) await plugIn(ports);
    return withCamera(usbCamera, { size: { width: 1280, height: 720 } }, async (camera) => {
      const lookFor = async (seconds: number): Promise<void> => {
        const startedAt = performance.now();
        for (let second = 1; second <= seconds; second++) {
          const picture = await camera.capture(never);
          if (gate) expect(!(await gate.look(picture)).compare().changed, 'the gate saw a change');
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
      const detail = `${total.toFixed(2)} % of an emulated core (TCG): user ${percent(user).toFixed(2)} %, system ${percent(system).toFixed(2)} %; ${measuredSeconds} looks`;
      expect(total < mostPercent, detail);
      return detail;
    });
  };
  await suite.check('usb: CPU of an idle 1280x720 MJPEG camera, capture alone', () => cost(null));
  await suite.check('usb: CPU of an idle 1280x720 MJPEG camera, with the gate', () =>
    cost(new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true })),
  );
}
