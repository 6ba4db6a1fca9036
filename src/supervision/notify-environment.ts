/** What systemd passes to a service of Type=notify (sd_notify(3), sd_watchdog_enabled(3)). */
export interface NotifyEnvironment {
  /** The notification socket: an absolute path, or `@` and the name of an abstract socket. */
  readonly socket: string;
  /** systemd kills the service after this time without a watchdog message; null: no watchdog. */
  readonly watchdogMs: number | null;
}

/** Removes it from the environment, so that no child can notify for us. null: not started by systemd. */
export function takeNotifyEnvironment(env: NodeJS.ProcessEnv, pid: number): NotifyEnvironment | null {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: watchdogPid } = env;
  delete env['NOTIFY_SOCKET'];
  delete env['WATCHDOG_USEC'];
  delete env['WATCHDOG_PID'];
  if (!socket) return null;
  const isForUs = watchdogPid === undefined || Number(watchdogPid) === pid;
  const watchdogMs = isForUs ? Number(watchdogUs ?? 0) / 1000 : 0;
  return { socket, watchdogMs: watchdogMs > 0 ? watchdogMs : null };
}
