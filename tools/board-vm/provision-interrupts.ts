import type { Board } from './board.ts';
import { hearDescription, offlineFlags } from './provisioned-board.ts';
import { expect, type Suite } from './suite.ts';

const maxMs = 1_500_000;
/** With the network: mosquitto comes from Debian's mirror, so that there is something to cut. */
const onlineFlags =
  '--yes --package $(ls /mnt/offline/scenecast_*.deb) --camera /dev/video0 --model demo --device board';
/** Of this many interrupts in a row on a board, the last one cuts the network. */
const perBoard = 4;

/**
 * Kills provisioning at random moments, or cuts the network, and runs it again: up to four times on a board, until a run
 * completes, which must succeed. Then the next board starts.
 * @param boot gives a fresh board
 * @param seconds duration of provisioning; null: measured first
 */
export async function interruptOften(
  suite: Suite,
  boot: () => Promise<Board>,
  count: number,
  seconds: number | null,
): Promise<void> {
  let durationSeconds = seconds ?? 0;
  let board: Board | null = null;
  const discard = async (): Promise<void> => {
    await board?.close();
    board = null;
  };
  try {
    if (seconds === null)
      await suite.check('provisioned, to measure its duration', async () => {
        board = await boot();
        const startedAt = performance.now();
        await board.run(`/mnt/provision.sh ${offlineFlags}`, maxMs);
        durationSeconds = (performance.now() - startedAt) / 1000;
        await discard();
      });
    for (let interrupt = 1; interrupt <= count; interrupt++) {
      const how = interrupt % perBoard === 0 ? 'cut' : 'kill';
      // Completed steps take no time in the next run.
      const momentSeconds = (Math.random() * durationSeconds * (board ? 0.5 : 1)).toFixed(1);
      const name = `${interrupt}: ${how === 'kill' ? 'killed' : 'network cut'} after ${momentSeconds} s, run again`;
      const isGood = await suite.check(name, async () => {
        board ??= await boot();
        const flags = how === 'cut' ? onlineFlags : offlineFlags;
        const command = `/mnt/interrupt.sh ${how} ${momentSeconds} /mnt/provision.sh ${flags}`;
        const outcome = (await board.run(command, maxMs)).trim();
        const lastStep = "grep -oE '^\\[[0-9]+/9\\] [a-zA-Z ]+' /root/interrupted.log | tail -1";
        const stopped = `${outcome} in ${(await board.run(lastStep)).trim()}`;
        if (outcome === 'killed' && interrupt < count) return `${stopped}; the next run is interrupted too`;
        await expectGreen(board);
        await discard();
        return `${stopped}; then green`;
      });
      if (!isGood) await discard();
    }
  } finally {
    await discard();
  }
}

async function expectGreen(board: Board): Promise<void> {
  await board.run(`/mnt/provision.sh ${offlineFlags}`, maxMs);
  await board.run('systemctl is-active -q scenecast mosquitto && ! dpkg --audit | grep .');
  const { description } = await hearDescription(board, 0, 60_000);
  expect(description.description !== '', 'an empty description');
}
