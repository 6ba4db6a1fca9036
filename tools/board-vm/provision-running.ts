import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from './board.ts';
import {
  boardTimeMs,
  checkBrokerIsClosed,
  hearDescription,
  property,
  requestDescription,
} from './provisioned-board.ts';
import { expect, type Suite } from './suite.ts';

const recoveryLimitSeconds = 70;
/** Time until a replaced process describes: an emulated processor takes a minute for two seconds of a board. */
const maxStartMs = 300_000;
const exposureLimit = 1.5;

/** Checks of a provisioned board. */
export async function checkRunning(suite: Suite, board: Board): Promise<void> {
  await suite.check('the service is active and enabled', async () => {
    expect((await property(board, 'ActiveState')) === 'active', await property(board, 'ActiveState'));
    await board.run('systemctl is-enabled -q scenecast');
    return await property(board, 'StatusText');
  });
  await suite.check('the watchdog is enabled, and notified', async () => {
    expect((await property(board, 'WatchdogUSec')) !== '0', 'WatchdogUSec is 0');
    const first = await property(board, 'WatchdogTimestampMonotonic');
    await sleep(30_000);
    const second = await property(board, 'WatchdogTimestampMonotonic');
    expect(Number(second) > Number(first), `not fed for 30 s (${first})`);
    return await property(board, 'WatchdogUSec');
  });
  await suite.check('a retained description is on the broker', async () => {
    const { description, isRetained } = await hearDescription(board, 0, 30_000);
    expect(isRetained, 'it is not retained');
    return `"${description.summary}", ${description.image.width}x${description.image.height}`;
  });
  await suite.check('the broker is reachable from this board only', () => checkBrokerIsClosed(board));
  await suite.check(`systemd-analyze security, at most ${exposureLimit}`, async () => {
    const printed = await board.run('systemd-analyze security --no-pager scenecast');
    const score = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(printed)?.[1] ?? Number.NaN);
    expect(score <= exposureLimit, `it is ${score}`);
    return `${score}`;
  });
  await suite.check('no secret in logs, config or any command line', async () => {
    const password = '$(cat /etc/credstore/scenecast.mqtt-password)';
    const files = '/var/log/scenecast-provision.log /etc/scenecast/config.yaml /etc/mosquitto';
    await board.run(
      `! grep -rqF -e "${password}" ${files} && ! journalctl --no-pager | grep -qF -e "${password}"`,
    );
    await board.run(
      `! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -F -e "${password}" | grep -v grep`,
    );
  });
}

/** A daemon that hangs, and an engine that hangs. */
export async function checkWatchdogs(suite: Suite, board: Board): Promise<void> {
  const daemonOf = async (): Promise<string> => property(board, 'MainPID');
  const engineOf = async (): Promise<string> =>
    (await board.run(`pgrep -P ${await daemonOf()} -f vision/process/engine-process | head -1`)).trim();
  await suite.check('a stopped daemon is replaced within 70 s', async () => replacement(board, daemonOf));
  await suite.check('a stopped engine is replaced within 70 s', async () => replacement(board, engineOf));
}

/** Stops a process, and waits for its replacement and for a description of a later picture. */
async function replacement(board: Board, pidOf: () => Promise<string>): Promise<string> {
  const stopped = await pidOf();
  expect(/^[1-9]/.test(stopped), 'there is none');
  await board.run(`kill -STOP ${stopped}`);
  const startedAt = performance.now();
  const passedSeconds = (): number => (performance.now() - startedAt) / 1000;
  for (let now = stopped; now === stopped || !/^[1-9]/.test(now); now = await pidOf()) {
    expect(passedSeconds() < 2 * recoveryLimitSeconds, 'it is not replaced');
    await sleep(500);
  }
  const replacedSeconds = passedSeconds();
  await requestDescription(board, await boardTimeMs(board), maxStartMs);
  const result = `replaced after ${replacedSeconds.toFixed(1)} s, described again after ${passedSeconds().toFixed(1)} s`;
  expect(replacedSeconds <= recoveryLimitSeconds, result);
  return result;
}
