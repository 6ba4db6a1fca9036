import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
}

/** Reaction to a publish: a PUBACK with this reason code, none, or the end of the connection, with or without a reason code. */
export type Verdict = number | 'ignore' | 'hang-up' | { readonly disconnect: number };

/** A minimal MQTT 5 broker that misbehaves on request: see https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html */
export class ScriptedBroker {
  readonly published: Published[] = [];
  connections = 0;
  /** Maximum number of unacknowledged QoS 1 publishes. */
  maxUnacknowledged = 0;
  readonly #server: Server;
  readonly #judge: (message: Published) => Verdict;
  readonly #connackProperties: Buffer;
  readonly #ackAfterMs: number;
  readonly #judgeQos0: (message: Published) => Verdict;
  readonly #sockets = new Set<Socket>();
  #unacknowledged = 0;
  readonly #retained = new Map<string, string>();

  private constructor(
    judge: (message: Published) => Verdict,
    judgeQos0: (message: Published) => Verdict,
    connackProperties: Buffer,
    ackAfterMs: number,
  ) {
    this.#judge = judge;
    this.#judgeQos0 = judgeQos0;
    this.#connackProperties = connackProperties;
    this.#ackAfterMs = ackAfterMs;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @param connackProperties encoded MQTT 5 properties, without their length */
  static async start(
    judge: (message: Published) => Verdict,
    {
      connackProperties = [],
      ackAfterMs = 0,
      onQos0 = () => 'ignore',
    }: {
      connackProperties?: number[];
      ackAfterMs?: number;
      onQos0?: (message: Published) => Verdict;
    } = {},
  ): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(judge, onQos0, Buffer.from(connackProperties), ackAfterMs);
    broker.#server.listen(0, '127.0.0.1');
    await once(broker.#server, 'listening');
    onTestFinished(() => {
      for (const socket of broker.#sockets) socket.destroy();
      broker.#server.close();
    });
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#unacknowledged = 0;
    this.#sockets.add(socket);
    let left: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      left = Buffer.concat([left, data]);
      for (let packet = cut(left); packet; packet = cut(left)) {
        left = left.subarray(packet.sizeBytes);
        this.#answer(socket, packet.first, packet.body);
      }
    });
  }

  #answer(socket: Socket, first: number, body: Buffer): void {
    const properties = this.#connackProperties;
    switch (first >> 4) {
      case 1: // CONNECT
        socket.write(Buffer.from([0x20, 3 + properties.length, 0, 0, properties.length, ...properties]));
        break;
      case 3:
        this.#take(socket, first, body);
        break;
      case 8: // SUBSCRIBE
        socket.write(Buffer.from([0x90, 4, body[0]!, body[1]!, 0, 1]));
        this.#sendRetained(socket, body);
        break;
      case 10: // UNSUBSCRIBE
        socket.write(Buffer.from([0xb0, 4, body[0]!, body[1]!, 0, 0]));
        break;
      case 12: // PINGREQ
        socket.write(Buffer.from([0xd0, 0]));
    }
  }

  /** What is retained at the first topic of a SUBSCRIBE; short enough for a length of one byte. */
  #sendRetained(socket: Socket, subscribe: Buffer): void {
    const at = 3 + subscribe[2]!;
    const topic = subscribe.subarray(at, at + 2 + subscribe.readUInt16BE(at));
    const payload = this.#retained.get(topic.toString('utf8', 2));
    if (payload !== undefined)
      socket.write(
        Buffer.concat([
          Buffer.from([0x31, topic.length + 1 + payload.length]),
          topic,
          Buffer.of(0),
          Buffer.from(payload),
        ]),
      );
  }

  #take(socket: Socket, first: number, body: Buffer): void {
    const qos = (first >> 1) & 3;
    const topicBytes = body.readUInt16BE(0);
    let at = 2 + topicBytes;
    const packetId = body.subarray(at, at + 2);
    if (qos > 0) at += 2;
    at += 1 + body[at]!; // the properties, which are short here
    const message = {
      topic: body.toString('utf8', 2, 2 + topicBytes),
      payload: body.toString('utf8', at),
      retain: (first & 1) === 1,
      qos,
    };
    this.published.push(message);
    if (message.retain && this.#judge(message) === 0) this.#retained.set(message.topic, message.payload);
    if (qos === 0) {
      if (this.#judgeQos0(message) === 'hang-up') socket.destroy();
      return;
    }
    this.maxUnacknowledged = Math.max(this.maxUnacknowledged, ++this.#unacknowledged);
    const verdict = this.#judge(message);
    if (verdict === 'hang-up') socket.destroy();
    if (typeof verdict === 'object') socket.end(Buffer.from([0xe0, 2, verdict.disconnect, 0]));
    if (typeof verdict !== 'number') return;
    setTimeout(() => {
      this.#unacknowledged--;
      socket.write(Buffer.from([0x40, 4, packetId[0]!, packetId[1]!, verdict, 0]));
    }, this.#ackAfterMs);
  }
}

/** The first complete packet, if any. */
function cut(bytes: Buffer): { first: number; body: Buffer; sizeBytes: number } | null {
  let length = 0;
  for (let index = 1; index < bytes.length && index < 5; index++) {
    length += (bytes[index]! & 0x7f) * 128 ** (index - 1);
    if (bytes[index]! & 0x80) continue;
    const sizeBytes = 1 + index + length;
    return sizeBytes > bytes.length
      ? null
      : { first: bytes[0]!, body: bytes.subarray(1 + index, sizeBytes), sizeBytes };
  }
  return null;
}
