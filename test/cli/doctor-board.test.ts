import { expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boardText } from '../../src/cli/doctor-board.ts';
import { fixtureBoards } from '../board/fixture-boards.ts';

const o6 = fixtureBoards['orion-o6-device-tree']!;

test('a board as text', () => {
  expect(boardText(o6)).toBe(
    `Radxa Orion O6, arm64
  cpus          2 x Cortex-A720  2600 MHz  CPU 0, 11
                2 x Cortex-A720  2500 MHz  CPU 9-10
                2 x Cortex-A720  2300 MHz  CPU 5-6
                2 x Cortex-A720  2200 MHz  CPU 7-8
                4 x Cortex-A520  1800 MHz  CPU 1-4 (little)
  may use       all CPUs
  features      asimd fp16 dotprod bf16 i8mm sve sve2
  memory        14.9 GiB, 14.1 GiB available
                977 MiB swap, 977 MiB free
                transparent huge pages: madvise
  models on     an NVMe disk, 212.3 GiB of 231.0 GiB free (/)
  temperatures  28.0 °C  thermal-zone4
                31.9 °C  nvme`,
  );
});

test('limits are shown', () => {
  const text = boardText(fixtureBoards['cloud-vm']!);
  expect(text).toContain('may use       all CPUs, quota of 1.5 CPUs');
  expect(text).toContain('2.0 GiB cgroup limit, 1.4 GiB of it available');
  expect(text).toContain('clock unknown');
});

test.each<[RegExp, Partial<Board>]>([
  [/Only 2 of the 8 fast CPUs may be used/, { allowedCpus: [0, 1, 2, 3, 4, 5] }],
  [/thermal-zone4 is at 91\.2 °C/, { temperatures: [{ zone: 'thermal-zone4', celsius: 91.2 }] }],
  [
    /clocks are limited/,
    { throttling: { isClockLimited: true, isUnderVoltage: null, wasUnderVoltage: null } },
  ],
  [
    /voltage is too low/,
    { throttling: { isClockLimited: false, isUnderVoltage: true, wasUnderVoltage: true } },
  ],
  [
    /voltage was too low/,
    { throttling: { isClockLimited: false, isUnderVoltage: false, wasUnderVoltage: true } },
  ],
  [/less than half of the board's memory/, { memory: { ...o6.memory, limitBytes: 2 ** 30 } }],
])('what limits a board is shown: %s', (sentence, change) => {
  expect(boardText(o6)).not.toMatch(sentence);
  expect(boardText({ ...o6, ...change })).toMatch(sentence);
});

test('a board about which nothing is known has a text too', () => {
  const text = boardText({
    ...{ model: null, arch: 'unknown', clusters: [], features: [], allowedCpus: [], cpuQuota: null },
    memory: { ...o6.memory, totalBytes: 0 },
    ...{ storage: null, temperatures: [], throttling: null },
  });
  expect(text).toMatch(/^unknown board.*\n.*none reported by the kernel/);
});
