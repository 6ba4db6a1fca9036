import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { onTestFinished } from 'vitest';

/** The protocol level in a CONNECT packet: 5, or 4 for MQTT 3.1.1; the packet must be shorter than 16 KiB. */
function levelOf(connect: Buffer): number {
  const lengthBytes = connect[1]! < 0x80 ? 1 : 2;
  return connect[1 + lengthBytes + 6]!;
}

/**
 * A broker with MQTT 3.1.1 only (aedes) that does something of its own with the connections of other versions, instead of
 * refusing them with a CONNACK. It closes older connections of the same client id without a word.
 */
export class LegacyBroker {
  /** Protocol levels of all connections so far. */
  readonly levels: number[] = [];
  /** What has been published. */
  readonly seen: string[] = [];
  /** Closes every connection before it answers, as a port forwarding does while the broker behind it starts. */
  isStarting = false;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  /** Closed when the test ends. */
  static async start(onMqtt5: (socket: Socket) => void): Promise<LegacyBroker> {
    const broker = new LegacyBroker();
    const aedes = await Aedes.createBroker();
    aedes.on('publish', ({ topic, payload }) => void broker.seen.push(`${topic} ${payload}`));
    const server = createServer((socket) => {
      broker.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', (connect) => {
        broker.levels.push(levelOf(connect));
        if (broker.isStarting) socket.end();
        else if (levelOf(connect) === 4) {
          socket.unshift(connect);
          aedes.handle(socket);
        } else onMqtt5(socket);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    broker.#port = (server.address() as AddressInfo).port;
    onTestFinished(async () => {
      broker.disconnectAll();
      await new Promise<void>((resolve) => aedes.close(resolve));
      server.close();
    });
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** Ends all connections without a word, as a broker that restarts. */
  disconnectAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
