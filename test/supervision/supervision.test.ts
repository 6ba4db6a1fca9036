import { expect, test } from 'vitest';
import { takeNotifyEnvironment } from '../../src/supervision/notify-environment.ts';

test.each([
  ['nothing', {}, null],
  ['a socket', { NOTIFY_SOCKET: '/run/n' }, { socket: '/run/n', watchdogMs: null }],
  ['a watchdog', { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '40000000' }, { socket: '@n', watchdogMs: 40_000 }],
  [
    'a watchdog for us',
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '40000000', WATCHDOG_PID: '7' },
    { socket: '@n', watchdogMs: 40_000 },
  ],
  [
    'a watchdog for another process',
    { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '40000000', WATCHDOG_PID: '8' },
    { socket: '@n', watchdogMs: null },
  ],
])(
  'an environment with %s is parsed, and removed so that children do not inherit it',
  (_name, given, expected) => {
    const env: NodeJS.ProcessEnv = { HOME: '/root', ...given };
    expect(takeNotifyEnvironment(env, 7)).toEqual(expected);
    expect(env).toEqual({ HOME: '/root' });
  },
);
