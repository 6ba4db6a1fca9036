import { expect, test, vi } from 'vitest';
import { SdNotify } from '../../src/supervision/sd-notify.ts';
import { loadSdNotifyAddon } from '../../src/supervision/sd-notify-addon.ts';
import { NotifySocket } from '../../tools/test/notify-socket.ts';
import { until } from '../../tools/test/until.ts';
import { LogLines } from '../pipeline/fixture.ts';

test.each([
  ['a socket in the file system', false],
  ['an abstract socket', true],
])('%s receives what is reported, in one datagram, from this very process', async (_name, isAbstract) => {
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

test('a reason with line breaks in it cannot say anything else', async () => {
  const socket = await NotifySocket.open();
  new SdNotify(socket.path, new LogLines()).send({ STATUS: 'camera a offline: no\nREADY=1\r\nMAINPID=1' });
  await until(() => socket.received.length === 1);
  expect(socket.received[0]?.text).toBe('STATUS=camera a offline: no READY=1 MAINPID=1\n');
});

test('where the receiver is held up nothing waits; what was not heard is said again, but no old sign of life', async () => {
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
  });
  expect(socket.received.at(-1)?.text).not.toContain('WATCHDOG');
  expect(socket.values('STATUS')).toEqual(['second']);
  expect(log.lines).toHaveLength(1);
});

test.each([
  ['no path', 'run/systemd/notify', 22],
  ['nothing', '', 22],
  ['a name that is too long', `/${'x'.repeat(200)}`, 22],
  ['a path without a listener', '/nowhere/socket', 2],
])('%s is refused with the system’s number', (_name, socket, errno) => {
  expect(() => loadSdNotifyAddon().send(socket, 'READY=1')).toThrow(expect.objectContaining({ errno }));
});

test('a path of the greatest length that a socket may have is used whole', () => {
  // 107 bytes and the terminating zero. It fails only because there is no socket at this path.
  const socket = `/${'x'.repeat(106)}`;
  expect(() => loadSdNotifyAddon().send(socket, 'READY=1')).toThrow(expect.objectContaining({ errno: 2 }));
});
