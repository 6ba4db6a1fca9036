import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { plugIn, type UsbPorts, usbCamera } from './cameras-usb.ts';
import { run } from './in-vm.ts';
import { expect, type Suite } from './suite.ts';

const doctor = ['src/main.js', 'doctor', 'cameras'];

/** The `scenecast` command. */
export async function checkDoctor(suite: Suite, ports: UsbPorts): Promise<void> {
  if (!existsSync(usbCamera)) await plugIn(ports);
  await suite.check('doctor cameras --json --snapshot', async () => {
    const { stdout } = await run(process.execPath, [...doctor, '--json', '--snapshot', '/tmp/pictures']);
    const { cameras } = JSON.parse(stdout);
    const usb = cameras.find(({ stable_names }: { stable_names: string[] }) =>
      stable_names.includes(usbCamera),
    );
    expect(usb?.card.includes('Simulated camera'), stdout);
    const mjpg = usb.formats.find(({ fourcc }: { fourcc: string }) => fourcc === 'MJPG');
    expect(
      mjpg.sizes.some(
        ({ size, rates }: { size: string; rates: number[] }) => size === '1280x720' && rates.includes(30),
      ),
      stdout,
    );
    for (const { snapshot } of cameras) {
      const { width, height } = await sharp(await readFile(snapshot.file)).metadata();
      expect(
        width === snapshot.size.width && height === snapshot.size.height,
        `${snapshot.file} is ${width}x${height}`,
      );
    }
    return `${cameras.length} cameras, each with a picture`;
  });
  await suite.check('doctor cameras, as text', async () => {
    const { stdout } = await run(process.execPath, doctor);
    console.log(
      stdout
        .split('\n')
        .filter((line) => !/control|unusable/.test(line))
        .join('\n'),
    );
    expect(/MJPG {2}Motion-JPEG[\s\S]*1280x720 {2}at 30, 15, 10 fps/.test(stdout), stdout);
    expect(/brightness = 128 {2}\(a whole number from 0 to 255/.test(stdout), stdout);
  });
  await suite.check('doctor cameras, without permission', async () => {
    const failure = await run('runuser', ['-u', 'nobody', '--', process.execPath, ...doctor]).then(
      () => null,
      (error) => error,
    );
    expect(failure?.code === 1, `exit code ${failure?.code}, ${failure?.signal}: ${failure?.stderr}`);
    expect(
      /no permission to open it; add the user that runs Scenecast to the group video/.test(failure.stderr),
      failure.stderr,
    );
  });
}
