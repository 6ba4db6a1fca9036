import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What such a server does with a connection; `data` is the first that the client sends. */
export interface Rudeness {
  onConnection?(socket: Socket): void;
  onData?(socket: Socket, data: Buffer): void;
}

export interface RudeServer {
  /** host:port */
  readonly address: string;
  /** Connections so far. */
  readonly count: () => number;
  /** Ends all connections. */
  readonly disconnectAll: () => void;
}

/** A TCP server on loopback that is no broker; closed when the test ends. */
export async function startRudeServer({ onConnection, onData }: Rudeness): Promise<RudeServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (data) => onData?.(socket, data));
    onConnection?.(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const disconnectAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    disconnectAll();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, count: () => count, disconnectAll };
}

/** Connects a client to a broker's port on loopback, with what the client has sent already. */
export function forward(socket: Socket, data: Buffer, port: number): void {
  const broker = connect(port, '127.0.0.1');
  broker.on('error', () => {});
  socket.on('close', () => broker.destroy());
  broker.on('close', () => socket.destroy());
  broker.write(data);
  socket.pipe(broker).pipe(socket);
}
