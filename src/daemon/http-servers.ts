import type { Log } from '../pipeline/ports.ts';
import { HttpServer, type Routes } from '../system/http-server.ts';
import type { ListenAddress } from '../system/listen-address.ts';
import type { ServerCertificate } from '../system/server-certificate.ts';

interface Served {
  /** null: not served. */
  readonly listen: ListenAddress | null;
  readonly routes: Routes | undefined;
  /** Default: without TLS, unless something else is served at the same address. */
  readonly certificate?: ServerCertificate | null;
}

/** One server for each address, with the routes of all that are served there; not started yet. */
export function createHttpServers(served: readonly Served[], log: Log): HttpServer[] {
  const byAddress = Map.groupBy(
    served.filter(({ listen, routes }) => listen && routes),
    ({ listen }) => `${listen!.host} ${listen!.port}`,
  );
  return [...byAddress.values()].map((users) => {
    const certificate = users.find((user) => user.certificate)?.certificate;
    const server = new HttpServer({ listen: users[0]!.listen!, certificate, log });
    for (const { routes } of users) server.use(routes!);
    return server;
  });
}
