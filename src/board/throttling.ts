import type { Board } from './board.ts';
import type { CpuClock } from './cpu-clocks.ts';
import type { KernelFiles } from './kernel-files.ts';

/** `get_throttled` of Raspberry Pi firmware (documented with vcgencmd). */
const underVoltageNow = 1 << 0;
const clockLimitedNow = (1 << 1) | (1 << 2) | (1 << 3);
const underVoltageBefore = 1 << 16;

/** Cooling devices that throttle CPUs; others are fans, screens and batteries. */
const cpuCooling = /^(cpufreq-|thermal-cpufreq|thermal-cpuidle|Processor$)/;

/** Whether the board is throttled; null if the kernel shows nothing about it. */
export async function readThrottling(
  files: KernelFiles,
  clocks: Iterable<CpuClock>,
): Promise<Board['throttling']> {
  const limits = [...clocks].filter(({ allowedMHz }) => allowedMHz !== null);
  const isCooled = await readCpuCooling(files);
  const firmware = await readFirmwareFlags(files);
  const alarm = await readVoltageAlarm(files);
  if (limits.length === 0 && isCooled === null && firmware === null && alarm === null) return null;
  const flags = firmware ?? 0;
  const isUnderVoltage =
    firmware === null && alarm === null ? null : alarm === true || (flags & underVoltageNow) !== 0;
  return {
    isClockLimited:
      limits.some(({ maxMHz, allowedMHz }) => allowedMHz! < maxMHz) ||
      isCooled === true ||
      (flags & clockLimitedNow) !== 0,
    isUnderVoltage,
    // The alarm alone does not cover the past.
    wasUnderVoltage:
      isUnderVoltage === true ? true : firmware === null ? null : (flags & underVoltageBefore) !== 0,
  };
}

async function readCpuCooling(files: KernelFiles): Promise<boolean | null> {
  const folder = '/sys/class/thermal';
  const states: number[] = [];
  for (const name of (await files.folder(folder)).filter((name) => /^cooling_device\d+$/.test(name))) {
    if (!cpuCooling.test((await files.name(`${folder}/${name}/type`)) ?? '')) continue;
    const state = await files.number(`${folder}/${name}/cur_state`);
    if (state !== null) states.push(state);
  }
  return states.length === 0 ? null : states.some((state) => state > 0);
}

/** The flags are below the firmware's device: soc/soc:firmware, or soc@107c000000/soc@107c000000:firmware. */
async function readFirmwareFlags(files: KernelFiles): Promise<number | null> {
  const platform = '/sys/devices/platform';
  for (const soc of (await files.folder(platform)).filter((name) => /^soc(@|$)/.test(name)))
    for (const device of (await files.folder(`${platform}/${soc}`)).filter((name) =>
      /:firmware$/.test(name),
    )) {
      const text = ((await files.text(`${platform}/${soc}/${device}/get_throttled`)) ?? '').trim();
      if (/^(0x)?[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
    }
  return null;
}

/** The driver raspberrypi-hwmon: whether the voltage was too low within its last two seconds. */
async function readVoltageAlarm(files: KernelFiles): Promise<boolean | null> {
  const folder = '/sys/class/hwmon';
  for (const name of await files.folder(folder)) {
    if ((await files.name(`${folder}/${name}/name`)) !== 'rpi_volt') continue;
    const alarm = await files.number(`${folder}/${name}/in0_lcrit_alarm`);
    if (alarm !== null) return alarm !== 0;
  }
  return null;
}
