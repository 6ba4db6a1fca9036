import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../../build/web/index.html');

/** Where the demo can show the window: at its usual port, or another one that is free; null: its page has not been built. */
export async function windowAddress(): Promise<string | null> {
  if (!existsSync(page)) return null;
  const port = (await freePort(8480)) ?? (await freePort(0));
  return `127.0.0.1:${port}`;
}

/** null: another program has it. */
async function freePort(wanted: number): Promise<number | null> {
  const server = createServer().listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return null;
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
