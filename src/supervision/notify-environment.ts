/** What systemd gives a service that is to report (sd_notify(3), sd_watchdog_enabled(3)). */
export interface NotifyEnvironment {
  /** Where reports go: an absolute path, or `@` and the name of an abstract socket. */
  readonly socket: string;
  /** Without a sign of life for so long the service is killed; null: it is not watched. */
  readonly watchdogMs: number | null;
}

/** Takes it out of the environment, as no child may speak for us. null: nobody waits for reports. */
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
