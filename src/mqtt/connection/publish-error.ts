import { ScenecastError } from '../../domain/errors.ts';

/**
 * Why a message is not with the broker.
 * `lost`: the connection ended before the broker acknowledged it; it may have arrived.
 * `busy`: the broker does not take it now, and may later.
 * `refused`: the broker does not take it, however often it is sent.
 * `too-large`: it was not sent, as the broker takes none of this size.
 */
export type PublishFault = 'lost' | 'busy' | 'refused' | 'too-large';

/** A message that was not published. */
export class PublishError extends ScenecastError {
  override readonly name = 'PublishError';
  readonly fault: PublishFault;
  constructor(fault: PublishFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** Reason codes after which trying again later can help (MQTT 5, 2.4): server busy, quota exceeded. */
const passing: ReadonlySet<number> = new Set([0x89, 0x97]);

const remedies: ReadonlyMap<number, string> = new Map([
  [0x87, "the broker's access list must let this client write the topic"],
  [0x90, "the broker takes no such topic; look at its rules, and at the config's device"],
  [0x95, "the broker's limit for messages is too small (mosquitto: message_size_limit)"],
  [0x97, "the broker's quota for this client is used up; it is tried again later"],
  [0x99, 'the broker checks payloads, and takes no JSON here'],
]);

/** What a PUBACK's reason code (0x80 and above) means for the message; `name` is how MQTT names the code. */
export function refusalOf(reasonCode: number, name: string): PublishError {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  const remedy = remedies.get(reasonCode);
  return new PublishError(
    passing.has(reasonCode) ? 'busy' : 'refused',
    `the broker refuses it: ${name.toLowerCase()} (${code})${remedy ? `; ${remedy}` : ''}`,
  );
}
