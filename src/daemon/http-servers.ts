import type { Log } from '../pipeline/ports.ts';
import { HttpServer, type Routes } from '../system/http-server.ts';
import type { ListenAddress } from '../system/listen-address.ts';

interface Served {
  /** null: not served. */
  readonly listen: ListenAddress | null;
  readonly routes: Routes | undefined;
}

/** One server for each address, with the routes of all that are served there; not started yet. */
export function createHttpServers(served: readonly Served[], log: Log): HttpServer[] {
  const servers = new Map<string, HttpServer>();
  for (const { listen, routes } of served) {
    if (!listen || !routes) continue;
    const address = `${listen.host} ${listen.port}`;
    const server = servers.get(address) ?? new HttpServer({ listen, log });
    server.use(routes);
    servers.set(address, server);
  }
  return [...servers.values()];
}
