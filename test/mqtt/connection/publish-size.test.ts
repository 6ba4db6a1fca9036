import { expect, test } from 'vitest';
import { publishSizeBytes } from '../../../src/mqtt/connection/publish-size.ts';

test.each([
  // Fixed header 2, topic 2 + 1, packet identifier 2, properties 1 + 3 (alias), payload.
  [{ topic: 'a', payload: '' }, 11],
  [{ topic: 'ä', payload: 'ü' }, 14],
  [{ topic: 'a', payload: Buffer.alloc(118) }, 129],
  // The remaining length takes one byte more from 128, 16,384 and 2,097,152 on.
  [{ topic: 'a', payload: Buffer.alloc(119) }, 131],
  [{ topic: 'a', payload: Buffer.alloc(16_384 - 9) }, 1 + 3 + 16_384],
  [{ topic: 'a', payload: Buffer.alloc(2_097_152 - 9) }, 1 + 4 + 2_097_152],
  [{ topic: 'a', payload: '', properties: { correlationData: Buffer.alloc(10) } }, 11 + 13],
  [{ topic: 'a', payload: '', properties: { userProperties: { name: 'value' } } }, 11 + 5 + 4 + 5],
])('%j is a packet of %i bytes', (message, sizeBytes) => {
  expect(publishSizeBytes(message)).toBe(sizeBytes);
});
