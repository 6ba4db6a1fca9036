import type { Board } from './board.ts';
import { type KernelFiles, withinDeadline } from './kernel-files.ts';

const zonesFolder = '/sys/class/thermal';
const chipsFolder = '/sys/class/hwmon';

/**
 * The thermal zones, then the hottest sensor of each sensor chip that is not a zone (k10temp, nvme, scmi_sensors).
 * Skips sensors that are off or show nonsense.
 */
export async function readTemperatures(files: KernelFiles): Promise<Board['temperatures']> {
  const found: { zone: string; celsius: number }[] = [];
  for (const folder of (await files.folder(zonesFolder)).filter((name) => /^thermal_zone\d+$/.test(name))) {
    const celsius = await readCelsius(files, `${zonesFolder}/${folder}/temp`);
    const zone = (await files.name(`${zonesFolder}/${folder}/type`)) ?? folder;
    if (celsius !== null) found.push({ zone, celsius });
  }
  // The kernel lists each zone as a chip too, with underscores for dashes.
  const zones = new Set(found.map(({ zone }) => zone.replaceAll('-', '_')));
  for (const folder of (await files.folder(chipsFolder)).filter((name) => /^hwmon\d+$/.test(name))) {
    const zone = (await files.name(`${chipsFolder}/${folder}/name`)) ?? folder;
    if (zones.has(zone.replaceAll('-', '_'))) continue;
    const celsius = await hottestOf(files, `${chipsFolder}/${folder}`);
    if (celsius !== null) found.push({ zone, celsius });
  }
  return found;
}

async function hottestOf(files: KernelFiles, chip: string): Promise<number | null> {
  const names = (await files.folder(chip)).filter((name) => /^temp\d+_input$/.test(name));
  const readings = await Promise.all(names.map((name) => readCelsius(files, `${chip}/${name}`)));
  const valid = readings.filter((celsius) => celsius !== null);
  return valid.length === 0 ? null : Math.max(...valid);
}

/** Missing sensors read as the lowest or highest value of their register. */
async function readCelsius(files: KernelFiles, path: string): Promise<number | null> {
  const millidegrees = await withinDeadline(files.number(path));
  const celsius = Math.round((millidegrees ?? Number.NaN) / 100) / 10;
  return celsius > -50 && celsius < 150 ? celsius : null;
}
