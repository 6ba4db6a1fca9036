import { expect, test, vi } from 'vitest';
import { SdNotify } from '../../src/supervision/sd-notify.ts';
import { loadSdNotifyAddon } from '../../src/supervision/sd-notify-addon.ts';
import { NotifySocket } from '../../tools/test/notify-socket.ts';
import { until } from '../../tools/test/until.ts';
import { LogLines } from '../pipeline/fixture.ts';

test.each([
  ['a socket in the file system', false],
  ['an abstract socket', true],
])('%s receives each report in one datagram, sent by this process', async (_name, isAbstract) => {
  const socket = await NotifySocket.open({ isAbstract });
  const notify = new SdNotify(socket.path, new LogLines());
  notify.send({ READY: '1', STATUS: 'looking at 1 camera' });
  notify.send({ WATCHDOG: '1' });
  await until(() => socket.received.length === 2);
  expect(socket.received).toEqual([
    { pid: process.pid, text: 'READY=1\nSTATUS=looking at 1 camera\n' },
    { pid: process.pid, text: 'WATCHDOG=1\n' },
  ]);
});

test('a reason with line breaks cannot inject other assignments', async () => {
  const socket = await NotifySocket.open();
  new SdNotify(socket.path, new LogLines()).send({ STATUS: 'camera a offline: no\nREADY=1\r\nMAINPID=1' });
  await until(() => socket.received.length === 1);
  expect(socket.received[0]?.text).toBe('STATUS=camera a offline: no READY=1 MAINPID=1\n');
});

test('a blocked receiver blocks nothing; unsent values are sent later, except watchdog pings', async () => {
  const socket = await NotifySocket.open();
  const log = new LogLines();
  const notify = new SdNotify(socket.path, log);
  socket.freeze();
  const isFull = (): boolean => log.lines.length > 0;
  for (let sent = 0; sent < 2000 && !isFull(); sent++) notify.send({ WATCHDOG: '1' });
  expect(log.lines).toMatchObject([{ message: 'sd_notify failed' }]);
  notify.send({ READY: '1', WATCHDOG: '1' });
  notify.send({ STATUS: 'first' });
  notify.send({ STATUS: 'second' });
  socket.thaw();
  await vi.waitFor(() => {
    notify.send({});
    expect(socket.values('READY')).toEqual(['1']);
  }, 20_000);
  expect(socket.received.at(-1)?.text).not.toContain('WATCHDOG');
  expect(socket.values('STATUS')).toEqual(['second']);
  expect(log.lines).toHaveLength(1);
});

test.each([
  ['no path', 'run/systemd/notify', 22],
  ['nothing', '', 22],
  ['a name that is too long', `/${'x'.repeat(200)}`, 22],
  ['a path where nobody listens', '/nowhere/socket', 2],
])('%s is refused with the errno', (_name, socket, errno) => {
  expect(() => loadSdNotifyAddon().send(socket, 'READY=1')).toThrow(expect.objectContaining({ errno }));
});

test('a socket path of the maximum length is not truncated', () => {
  // 107 bytes and the closing zero; nobody is there, and it is not the form that is refused.
  const socket = `/${'x'.repeat(106)}`;
  expect(() => loadSdNotifyAddon().send(socket, 'READY=1')).toThrow(expect.objectContaining({ errno: 2 }));
});
