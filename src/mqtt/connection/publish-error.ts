import { CodedError } from '../../domain/errors.ts';

/**
 * Why a message was not published.
 * `lost`: the connection ended before the broker acknowledged it; it may have arrived.
 * `busy`: the broker refuses it now, and may accept it later.
 * `refused`: the broker refuses it; retrying does not help.
 * `too-large`: it exceeds the broker's packet limit and was not sent.
 */
export type PublishFault = 'lost' | 'busy' | 'refused' | 'too-large';

/** A message that was not published. */
export class PublishError extends CodedError<PublishFault> {
  override readonly name = 'PublishError';
}

/** Reason codes after which retrying later can help (MQTT 5, 2.4): server busy, quota exceeded. */
const temporary: ReadonlySet<number> = new Set([0x89, 0x97]);

const remedies: ReadonlyMap<number, string> = new Map([
  [0x87, "allow this client to write the topic in the broker's access list"],
  [0x90, "the broker does not allow such a topic; check its rules, and the config's device"],
  [0x95, "it exceeds the broker's size limit (mosquitto: message_size_limit)"],
  [0x97, "the broker's quota for this client is used up; retrying later"],
  [0x99, 'the broker validates payloads, and does not accept JSON here'],
]);

/** The error for a PUBACK with reason code 0x80 or above; `name` is MQTT's name for the code. */
export function refusalOf(reasonCode: number, name: string): PublishError {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  const remedy = remedies.get(reasonCode);
  return new PublishError(
    temporary.has(reasonCode) ? 'busy' : 'refused',
    `the broker refuses it: ${name.toLowerCase()} (${code})${remedy ? `; ${remedy}` : ''}`,
  );
}
