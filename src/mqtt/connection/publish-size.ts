import type { Message } from './message.ts';

/** Size in bytes of an MQTT 5 PUBLISH packet (3.3), or a few more: it may carry a topic alias. */
export function publishSizeBytes({
  topic,
  payload,
  properties = {},
}: Omit<Message, 'qos' | 'retain'>): number {
  const topicAliasBytes = 3;
  const propertyBytes = Object.values(properties).reduce<number>(
    (sum, value) => sum + valueBytes(value),
    topicAliasBytes,
  );
  const packetIdBytes = 2;
  const headerBytes =
    2 + Buffer.byteLength(topic) + packetIdBytes + variableByteLength(propertyBytes) + propertyBytes;
  const remaining = headerBytes + Buffer.byteLength(payload);
  return 1 + variableByteLength(remaining) + remaining;
}

/** Upper bound for a property's identifier, length and value; user properties are pairs of strings. */
function valueBytes(value: unknown): number {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return 3 + Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 5;
  return Object.entries(value).reduce((sum, [name, inner]) => {
    const texts = [inner].flat().map((text) => 5 + Buffer.byteLength(name) + Buffer.byteLength(String(text)));
    return sum + texts.reduce((total, bytes) => total + bytes, 0);
  }, 0);
}

/** How many bytes a Variable Byte Integer takes (1.5.5). */
function variableByteLength(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
