import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Board, type BoardArch, boardFolder, bootBoard } from './board.ts';
import { checkAgain, checkUninstalled, checkUpgrade } from './provision-changes.ts';
import { interruptOften } from './provision-interrupts.ts';
import { checkRunning, checkWatchdogs } from './provision-running.ts';
import { boardTimeMs, hearDescription, listFiles, offlineFlags } from './provisioned-board.ts';
import { expect, Suite } from './suite.ts';

export interface ProvisionSuiteOptions {
  readonly arch: BoardArch;
  readonly cpu: string | null;
  /** Debian release: bookworm or trixie. */
  readonly release: string;
  /** How often provisioning is interrupted, after all other checks. */
  readonly interrupts: number;
  readonly isOnlyInterrupt: boolean;
  /** A scenecast_*.deb; null: the newest in build/packages, built if there is none. */
  readonly package: string | null;
  readonly signal: AbortSignal;
}

const repository = join(import.meta.dirname, '../..');

/**
 * From an empty image to a board that runs Scenecast, and back, seen from outside. @returns the exit code.
 */
export async function runProvisionSuite(options: ProvisionSuiteOptions): Promise<number> {
  const { arch, cpu, release, interrupts, isOnlyInterrupt, signal } = options;
  const folder = boardFolder(arch, release);
  const suite = new Suite();
  const boot = async (): Promise<Board> => {
    const stick = join(folder, 'stick.img');
    const board = await bootBoard({ arch, folder, cpu, canReboot: true, stick, hasProject: false, signal });
    try {
      await plugIn(board);
    } catch (error) {
      await board.close();
      throw error;
    }
    return board;
  };
  const isReady =
    (await suite.check('the package', async () => makePackage(options))) &&
    (await suite.check(`an image of Debian ${release}`, async () =>
      script('make-image.sh', arch, release),
    )) &&
    (await suite.check('a USB stick with all files', async () =>
      script('make-stick.sh', arch, release, packageOf(options)!),
    ));
  if (isReady) {
    const seconds = isOnlyInterrupt ? null : await provisionFresh(suite, boot);
    if (interrupts > 0) await interruptOften(suite, boot, interrupts, seconds);
  }
  return suite.finish();
}

async function provisionFresh(suite: Suite, boot: () => Promise<Board>): Promise<number | null> {
  let board: Board | undefined;
  try {
    await suite.check('the board boots', async () => {
      board = await boot();
    });
    return board ? await provisionOnce(suite, board) : null;
  } finally {
    await board?.close();
  }
}

function script(name: string, arch: string, release: string, ...args: string[]): void {
  execFileSync(join(import.meta.dirname, name), [arch, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SCENECAST_DEBIAN: release },
  });
}

function packageOf({ arch, package: named }: ProvisionSuiteOptions): string | undefined {
  return (
    named ??
    globSync(join(repository, `build/packages/scenecast_*_${arch}.deb`))
      .sort()
      .at(-1)
  );
}

function makePackage(options: ProvisionSuiteOptions): string {
  if (!packageOf(options)) {
    const command = ['run', 'package:deb', '--', '--arch', options.arch];
    execFileSync('npm', command, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const found = packageOf(options);
  expect(found !== undefined, 'npm run package:deb made none');
  return found!.split('/').at(-1)!;
}

/** Attaches a camera and the stick, and records the initial state, to compare with at the end. */
async function plugIn(board: Board): Promise<void> {
  await board.run(
    [
      'echo vivid >/etc/modules-load.d/vivid.conf',
      'echo "options vivid n_devs=1 node_types=0x1" >/etc/modprobe.d/vivid.conf',
      'modprobe vivid && udevadm settle && test -e /dev/video0',
      'echo "/dev/vdb /mnt ext4 ro,noatime 0 0" >>/etc/fstab && mount /mnt',
      listFiles('before'),
    ].join(' && '),
  );
}

async function provisionOnce(suite: Suite, board: Board): Promise<number | null> {
  const dryRun = async (): Promise<void> => {
    const sums = 'find /etc /usr/bin /var/lib -xdev -type f -print0 | sort -z | xargs -0 md5sum | md5sum';
    const before = await board.run(sums);
    await board.run(`/mnt/provision.sh --dry-run ${offlineFlags}`);
    expect((await board.run(sums)) === before, 'something was changed');
  };
  await suite.check('a dry run changes nothing', dryRun);
  let output = '';
  const startedAt = performance.now();
  let isProvisioned = false;
  await suite.check('nothing is sent to any network', async () => {
    const sent = await sentMeanwhile(board, async () => {
      isProvisioned = await suite.check('provisioned offline', async () => {
        output = await board.run(`/mnt/provision.sh ${offlineFlags}`, 1_500_000);
        return output
          .trim()
          .split('\n')
          .find((line) => /^ {2}camera, /.test(line))
          ?.trim();
      });
    });
    expect(sent === '', `packets by ${sent}`);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  for (const [title, stepSeconds] of stepsOf(output, seconds)) suite.record(title, stepSeconds);
  if (!isProvisioned) {
    console.log(await board.run('tail -60 /var/log/scenecast-provision.log || true').catch(String));
    return null;
  }
  await checkRunning(suite, board);
  await checkAgain(suite, board);
  await checkWatchdogs(suite, board);
  await suite.check('a reboot survives', async () => checkReboot(board));
  await checkUpgrade(suite, board);
  await checkUninstalled(suite, board);
  return seconds;
}

/**
 * Runs `use` with a default route and a name server that lead nowhere, and counts the packets that would have gone there.
 * The host stays reachable, since it is on the board's own network. @returns packets by program; empty: none.
 */
async function sentMeanwhile(board: Board, work: () => Promise<void>): Promise<string> {
  const events = '/sys/kernel/tracing/events/net/net_dev_queue';
  const senders =
    "grep -o '^.*net_dev_queue' /sys/kernel/tracing/trace | sed 's/-[0-9].*//' | sort | uniq -c | tr -s ' '";
  await board.run(
    [
      'ip link add dummy0 type dummy && ip addr add 192.0.2.1/24 dev dummy0',
      'sysctl -qw net.ipv6.conf.dummy0.disable_ipv6=1 && ip link set dummy0 up',
      'ip route show default >/root/default-route && ip route replace default dev dummy0',
      'ip route add 10.0.2.3/32 dev dummy0',
      `(test -e ${events} || mount -t tracefs tracefs /sys/kernel/tracing)`,
      `echo 'name == "dummy0"' >${events}/filter && echo 1 >${events}/enable`,
    ].join(' && '),
  );
  try {
    // The trace must catch a packet first, or its silence means nothing.
    await board.run('timeout 3 getent hosts deb.debian.org || true');
    expect((await board.run(senders)).includes('getent'), 'a name that was asked for was not noticed');
    await board.run('echo >/sys/kernel/tracing/trace');
    await work();
    return (await board.run(senders)).trim();
  } finally {
    await board.run(
      `echo 0 >${events}/enable; ip link del dummy0; ip route replace $(cat /root/default-route)`,
    );
  }
}

/** The duration of each step, from its line: `[2/9] the package (0 min 3 s)`. */
function stepsOf(output: string, totalSeconds: number): [string, number][] {
  const steps = [...output.matchAll(/^\[\d+\/\d+\] (.+) \((\d+) min (\d+) s\)$/gm)].map(
    ([, title, minutes, seconds]) => [title!, Number(minutes) * 60 + Number(seconds)] as const,
  );
  return steps.map(([title, begun], index) => [title, (steps[index + 1]?.[1] ?? totalSeconds) - begun]);
}

async function checkReboot(board: Board): Promise<string> {
  const bootId = 'cat /proc/sys/kernel/random/boot_id';
  const before = await board.run(bootId);
  const startedAt = performance.now();
  for (let now = before; now === before; ) {
    expect(performance.now() - startedAt < 300_000, 'it does not come back');
    // Repeatedly: a busy board may miss the command, and one that receives it may not live to answer.
    const order = `[ "$(${bootId})" != ${before.trim()} ] || systemctl --no-block reboot`;
    await board.run(order, 40_000).catch(() => {});
    await sleep(2000);
    now = await board.run(bootId, 40_000).catch(() => before);
  }
  const booted =
    (await boardTimeMs(board)) - Number(await board.run("awk '{print int($1 * 1000)}' /proc/uptime"));
  const { description } = await hearDescription(board, booted, 300_000);
  return `described ${description.captured_at}, ${Math.round((performance.now() - startedAt) / 1000)} s after the order`;
}
