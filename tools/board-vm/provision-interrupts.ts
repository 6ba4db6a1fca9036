import type { Board } from './board.ts';
import { hearDescription, offlineFlags } from './provisioned-board.ts';
import { expect, type Suite } from './suite.ts';

const longestMs = 1_500_000;
/** With the network: mosquitto comes from Debian's mirror, so that there is something to cut. */
const onlineFlags =
  '--yes --package $(ls /mnt/offline/scenecast_*.deb) --camera /dev/video0 --model demo --device board';
/** Of so many interrupts that follow one another on a board, the last cuts the network. */
const perBoard = 4;

/**
 * Kills provisioning at random moments, or takes the network away, and runs it again: up to four times on a board, until that
 * run comes to its end, which must be a good one. Then the next board begins.
 * @param boot gives a fresh board
 * @param seconds how long provisioning takes; null: it is measured first
 */
export async function interruptOften(
  suite: Suite,
  boot: () => Promise<Board>,
  count: number,
  seconds: number | null,
): Promise<void> {
  let longestSeconds = seconds ?? 0;
  let board: Board | null = null;
  const discard = async (): Promise<void> => {
    await board?.close();
    board = null;
  };
  try {
    if (seconds === null)
      await suite.check('provisioned, to know how long it takes', async () => {
        board = await boot();
        const startedAt = performance.now();
        await board.run(`/mnt/provision.sh ${offlineFlags}`, longestMs);
        longestSeconds = (performance.now() - startedAt) / 1000;
        await discard();
      });
    for (let interrupt = 1; interrupt <= count; interrupt++) {
      const how = interrupt % perBoard === 0 ? 'cut' : 'kill';
      // What is done already takes no time in the next run.
      const momentSeconds = (Math.random() * longestSeconds * (board ? 0.5 : 1)).toFixed(1);
      const name = `${interrupt}: ${how === 'kill' ? 'killed' : 'network cut'} after ${momentSeconds} s, run again`;
      const isGood = await suite.check(name, async () => {
        board ??= await boot();
        const flags = how === 'cut' ? onlineFlags : offlineFlags;
        const command = `/mnt/interrupt.sh ${how} ${momentSeconds} /mnt/provision.sh ${flags}`;
        const told = (await board.run(command, longestMs)).trim();
        const lastStep = "grep -oE '^\\[[0-9]+/9\\] [a-zA-Z ]+' /root/interrupted.log | tail -1";
        const stopped = `${told} in ${(await board.run(lastStep)).trim()}`;
        if (told === 'killed' && interrupt < count) return `${stopped}; the next run is interrupted too`;
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
  await board.run(`/mnt/provision.sh ${offlineFlags}`, longestMs);
  await board.run('systemctl is-active -q scenecast mosquitto && ! dpkg --audit | grep .');
  const { description } = await hearDescription(board, 0, 60_000);
  expect(description.description !== '', 'an empty description');
}
