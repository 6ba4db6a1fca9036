import type { RaisedAlertPayload } from '../../contract/rule-payloads.ts';
import { isPlausible } from '../../domain/clock.ts';
import { type BootTime, bootTime } from '../../system/boot-time.ts';

/** An alert as stored in the outbox. */
export interface StoredAlert {
  readonly alert: RaisedAlertPayload;
  /** Only if the clock was not set. */
  readonly storedAt?: BootTime;
}

/** An alert from before the clock was set, with the time that it turned at, if that is known by now. */
export function alertWithRightTime(
  { alert, storedAt }: StoredAlert,
  now = new Date(),
  { boot, ms } = bootTime(),
): RaisedAlertPayload {
  if (!storedAt || storedAt.boot !== boot || !isPlausible(now)) return alert;
  const { clock: _, ...marked } = alert;
  return { ...marked, at: new Date(now.getTime() - (ms - storedAt.ms)).toISOString() };
}
