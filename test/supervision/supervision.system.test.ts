import { expect, onTestFinished, test } from 'vitest';
import type { Heartbeat } from '../../src/domain/heartbeat.ts';
import { Supervision } from '../../src/supervision/supervision.ts';
import { NotifySocket } from '../../tools/test/notify-socket.ts';
import { until } from '../../tools/test/until.ts';
import { LogLines } from '../pipeline/fixture.ts';

test('watchdog pings are sent while every loop makes progress, and stop while one does not; the status names it', async () => {
  const socket = await NotifySocket.open();
  const log = new LogLines();
  let heartbeats: Heartbeat[] = [{ loop: 'camera porch', dueMs: Number.POSITIVE_INFINITY }];
  const supervision = new Supervision({
    environment: { socket: socket.path, watchdogMs: 40 },
    log,
    heartbeats: () => heartbeats,
    status: (stuck) => (stuck.length > 0 ? `stuck: ${stuck}` : 'fine'),
  });
  onTestFinished(() => supervision.close());
  supervision.ready();
  const pings = (): number => socket.values('WATCHDOG').length;
  await until(() => pings() >= 3);
  expect(socket.received[0]?.text).toBe('READY=1\nWATCHDOG=1\nSTATUS=fine\n');

  heartbeats = [...heartbeats, { loop: 'engine', dueMs: performance.now() - 1 }];
  await until(() => socket.values('STATUS').includes('stuck: engine'));
  const before = pings();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(pings()).toBe(before);
  expect(log.lines).toEqual([{ fields: { stuck: ['engine'] }, message: 'stuck; watchdog not fed' }]);

  heartbeats = [{ loop: 'engine', dueMs: performance.now() + 60_000 }];
  await until(() => pings() >= before + 2);
  expect(socket.values('STATUS')).toEqual(['fine', 'stuck: engine', 'fine']);

  await supervision.close();
  await until(() => socket.values('STOPPING').length === 1);
  const atEnd = pings();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(pings()).toBe(atEnd);
});
