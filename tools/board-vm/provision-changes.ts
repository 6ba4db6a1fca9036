import type { Board } from './board.ts';
import {
  boardTimeMs,
  configFile,
  hearDescription,
  listFiles,
  offlineFlags,
  property,
} from './provisioned-board.ts';
import { expect, type Suite } from './suite.ts';

const provisioned =
  '/etc/scenecast /etc/mosquitto /etc/credstore /usr/lib/scenecast/package.json /etc/systemd/system';

/** What must not change when provisioning again: every file with its time, and the running processes. */
async function fingerprint(board: Board): Promise<string> {
  return board.run(
    `find ${provisioned} /var/lib/scenecast-provision -type f -printf '%p %T@ %m %u ' -exec md5sum {} \\; | sort;` +
      ' systemctl show -P ExecMainStartTimestampMonotonic,MainPID scenecast mosquitto; dpkg -l | md5sum',
  );
}

export async function checkAgain(suite: Suite, board: Board): Promise<void> {
  await suite.check('provisioning again changes nothing', async () => {
    const before = await fingerprint(board);
    await board.run(`/mnt/provision.sh ${offlineFlags}`, 900_000);
    const after = await fingerprint(board);
    const lines = new Set(before.split('\n'));
    const changed = after.split('\n').filter((line) => !lines.has(line));
    expect(changed.length === 0, `changed: ${changed.join('; ')}`);
  });
}

export async function checkUpgrade(suite: Suite, board: Board): Promise<void> {
  await suite.check('an upgrade keeps the config, and the service runs', async () => {
    const version = `dpkg-query -W -f '\${Version}' scenecast`;
    const config = `md5sum <${configFile}`;
    const [oldVersion, oldConfig, oldPid] = [
      await board.run(version),
      await board.run(config),
      await property(board, 'MainPID'),
    ];
    const since = await boardTimeMs(board);
    const flags = offlineFlags.replace('/mnt/offline', '/mnt/newer');
    await board.run(`/mnt/provision.sh ${flags}`, 900_000);
    const newVersion = await board.run(version);
    expect(newVersion === `${oldVersion}+newer`, `it is ${newVersion}`);
    expect((await board.run(config)) === oldConfig, 'the config is another');
    expect((await property(board, 'MainPID')) !== oldPid, 'the old process runs on');
    await hearDescription(board, since, 300_000);
    return `${oldVersion} to ${newVersion}`;
  });
}

export async function checkUninstalled(suite: Suite, board: Board): Promise<void> {
  await suite.check('uninstalling leaves nothing', async () => {
    await board.run('/mnt/provision.sh --uninstall --yes', 600_000);
    const left = await board.run(`${listFiles('after')}; comm -13 /root/before /root/after`);
    const unknown = left.split('\n').filter((path) => path !== '' && !isDebians(path));
    expect(unknown.length === 0, `left: ${unknown.join(' ')}`);
    await board.run('! getent passwd scenecast && ! systemctl cat scenecast 2>/dev/null');
    await board.run('! test -e /var/log/scenecast-provision.log');
  });
}

/** Backups of user and library files by Debian's own tools. */
function isDebians(path: string): boolean {
  return /^\/etc\/((passwd|group|g?shadow|sub[ug]id)-|ld\.so\.cache|\.pwd\.lock)$/.test(path);
}
