import { expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree, type TreeChanges } from '../../tools/test/board-tree.ts';

async function throttlingOf(fixture: string | null, changes: TreeChanges): Promise<Board['throttling']> {
  return (await probeBoard({ root: await boardTree(fixture, changes) })).throttling;
}

const limit = 'sys/devices/system/cpu/cpufreq/policy6/scaling_max_freq';

test('a clock below its max is reported', async () => {
  expect((await throttlingOf('rock-5b', { [limit]: '1608000' }))?.isClockLimited).toBe(true);
});

test('an offline CPU’s clock does not count', async () => {
  const changes = { [limit]: '1608000', 'sys/devices/system/cpu/online': '0-5' };
  expect((await throttlingOf('rock-5b', changes))?.isClockLimited).toBe(false);
});

test('cooling that throttles CPUs is reported; fans are not', async () => {
  const state = 'sys/class/thermal/cooling_device1/cur_state';
  expect((await throttlingOf('rock-5b', { [state]: '3' }))?.isClockLimited).toBe(true);
  const fan = { [state]: '3', 'sys/class/thermal/cooling_device1/type': 'pwm-fan' };
  expect((await throttlingOf('rock-5b', fan))?.isClockLimited).toBe(false);
});

const alarm = 'sys/class/hwmon/hwmon1/in0_lcrit_alarm';
for (const path of [
  'sys/devices/platform/soc/soc:firmware/get_throttled',
  'sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled',
])
  test.each([
    ['0', { isClockLimited: false, isUnderVoltage: false, wasUnderVoltage: false }],
    ['50000', { isClockLimited: false, isUnderVoltage: false, wasUnderVoltage: true }],
    ['50005', { isClockLimited: true, isUnderVoltage: true, wasUnderVoltage: true }],
    ['0x2', { isClockLimited: true, isUnderVoltage: false, wasUnderVoltage: false }],
    ['8', { isClockLimited: true, isUnderVoltage: false, wasUnderVoltage: false }],
    ['garbage', { isClockLimited: false, isUnderVoltage: false, wasUnderVoltage: null }],
  ])(`${path} of %s`, async (flags, expected) => {
    expect(await throttlingOf('raspberry-pi-5', { [path]: `${flags}\n` })).toEqual(expected);
  });

test('the voltage alarm counts if there are no flags', async () => {
  const path = 'sys/devices/platform/soc/soc:firmware/get_throttled';
  expect(await throttlingOf('raspberry-pi-5', { [path]: '0', [alarm]: '1' })).toMatchObject({
    ...{ isUnderVoltage: true, wasUnderVoltage: true },
  });
});

test('sensors that are off, absent or broken are skipped', async () => {
  const zone = (number: number, temp: string) => ({
    [`sys/class/thermal/thermal_zone${number}/type`]: `zone-${number}`,
    [`sys/class/thermal/thermal_zone${number}/temp`]: temp,
  });
  const chip = { 'sys/class/hwmon/hwmon3/name': 'k10temp', 'sys/class/hwmon/hwmon3/temp1_input': '61250' };
  const root = await boardTree(null, {
    ...{ ...zone(0, '45600'), ...zone(1, '-274000'), ...zone(2, '255000'), ...zone(10, '50000') },
    ...{ ...chip, 'sys/class/hwmon/hwmon3/temp2_input': '65261850' },
    ...{ 'sys/class/hwmon/hwmon4/name': 'zone_0', 'sys/class/hwmon/hwmon4/temp1_input': '45600' },
  });
  expect((await probeBoard({ root })).temperatures).toEqual([
    { zone: 'zone-0', celsius: 45.6 },
    { zone: 'zone-10', celsius: 50 },
    { zone: 'k10temp', celsius: 61.3 },
  ]);
});
