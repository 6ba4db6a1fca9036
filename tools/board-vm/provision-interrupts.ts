import type { Board } from './board.ts';
import { hearDescription, offlineFlags } from './provisioned-board.ts';
import { expect, type Suite } from './suite.ts';

const longestMs = 1_500_000;
/** With the network: mosquitto comes from Debian's mirror, so that there is something to cut. */
const onlineFlags =
  '--yes --package $(ls /mnt/offline/scenecast_*.deb) --camera /dev/video0 --model demo --device board';

/**
 * Kills provisioning at random moments, or takes the network away, and runs it again, which must end well. Where a run ends
 * before its moment, the board is made fresh again by uninstalling.
 * @param seconds how long provisioning takes; null: it is measured first
 */
export async function interruptOften(
  suite: Suite,
  board: Board,
  count: number,
  seconds: number | null,
): Promise<void> {
  let longestSeconds = seconds ?? 0;
  if (seconds === null)
    await suite.check('provisioned, to know how long it takes', async () => {
      const startedAt = performance.now();
      await board.run(`/mnt/provision.sh ${offlineFlags}`, longestMs);
      longestSeconds = (performance.now() - startedAt) / 1000;
      await board.run('/mnt/provision.sh --uninstall --yes', longestMs);
    });
  let isDirty = false;
  for (let interrupt = 1; interrupt <= count; interrupt++) {
    const how = interrupt % 4 === 0 ? 'cut' : 'kill';
    const flags = how === 'cut' ? onlineFlags : offlineFlags;
    // What is done already takes no time in the next run.
    const momentSeconds = (Math.random() * longestSeconds * (isDirty ? 0.5 : 1)).toFixed(1);
    const name = `${interrupt}: ${how === 'kill' ? 'killed' : 'network cut'} after ${momentSeconds} s, run again`;
    await suite.check(name, async () => {
      const told = await board.run(
        `/mnt/interrupt.sh ${how} ${momentSeconds} /mnt/provision.sh ${flags}`,
        longestMs,
      );
      const stoppedIn = await board.run(
        "grep -oE '^\\[[0-9]+/9\\] [a-zA-Z ]+' /root/interrupted.log | tail -1",
      );
      if (how === 'kill' && interrupt % 2 === 1 && interrupt < count && /killed/.test(told)) {
        isDirty = true;
        return `${told.trim()} in ${stoppedIn.trim()}; the next run is killed too`;
      }
      await board.run(`/mnt/provision.sh ${offlineFlags}`, longestMs);
      await board.run('systemctl is-active -q scenecast mosquitto && ! dpkg --audit | grep .');
      const { description } = await hearDescription(board, 0, 60_000);
      expect(description.description !== '', 'an empty description');
      await board.run('/mnt/provision.sh --uninstall --yes', longestMs);
      isDirty = false;
      return `${told.trim()} in ${stoppedIn.trim()}; then green`;
    });
  }
}
