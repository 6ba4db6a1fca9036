import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

const names = ['', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK'];

/** A proxy between a client and a broker that records the packets, each as `client PUBLISH` or `broker PUBACK`. */
export async function tapPackets(port: number): Promise<{ url: string; packets: string[] }> {
  const packets: string[] = [];
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1');
    for (const [from, to, who] of [
      [client, broker, 'client'],
      [broker, client, 'broker'],
    ] as const) {
      let left: Buffer = Buffer.alloc(0);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (data) => {
        left = Buffer.concat([left, data]);
        for (let bytes = packetBytes(left); bytes > 0; bytes = packetBytes(left)) {
          packets.push(`${who} ${names[left[0]! >> 4] ?? left[0]! >> 4}`);
          left = left.subarray(bytes);
        }
        to.write(data);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, packets };
}

/** Length of the first packet; 0: it is incomplete. */
function packetBytes(bytes: Buffer): number {
  let length = 0;
  for (let index = 1; index < bytes.length && index < 5; index++) {
    length += (bytes[index]! & 0x7f) * 128 ** (index - 1);
    if (bytes[index]! & 0x80) continue;
    return bytes.length >= 1 + index + length ? 1 + index + length : 0;
  }
  return 0;
}
