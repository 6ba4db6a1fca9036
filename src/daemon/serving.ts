import type { Config } from '../config/schema.ts';
import type { EngineServer } from '../engine-server/engine-server.ts';
import type { Log } from '../pipeline/ports.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';
import type { HttpServer } from '../system/http-server.ts';
import { ServerCertificate } from '../system/server-certificate.ts';
import type { Window } from '../web/window.ts';
import { createEngineServer } from './engine-server.ts';
import { createHttpServers } from './http-servers.ts';
import { createWindow, type SeenByWindow } from './window.ts';

/** What the daemon serves over HTTP: the window, and the engine to other programs. */
export class Serving {
  /** null: the config has none. */
  readonly window: Window | null;
  readonly #engineServer: EngineServer | null;
  readonly #servers: readonly HttpServer[];

  constructor(window: Window | null, engineServer: EngineServer | null, servers: readonly HttpServer[]) {
    this.window = window;
    this.#engineServer = engineServer;
    this.#servers = servers;
  }

  async start(): Promise<void> {
    for (const server of this.#servers) await server.start();
  }

  /** Ends what is in progress, then all connections. May be called again. */
  async close(): Promise<void> {
    await using closing = new AsyncDisposableStack();
    for (const server of this.#servers) closing.defer(() => server.close());
    if (this.#engineServer) closing.adopt(this.#engineServer, (engineServer) => engineServer.close());
    if (this.window) closing.adopt(this.window, (window) => window.close());
  }
}

/** Builds what the config says; it does not listen yet. @throws ConfigError for secrets that cannot be read */
export async function createServing(
  config: Config,
  folder: string,
  seen: SeenByWindow,
  log: Log,
): Promise<Serving> {
  const { serve, web } = config;
  const window = await createWindow(config, folder, seen, log);
  const engine = seen.own?.engines.at(-1) ?? null;
  const engineServer = engine && (await createEngineServer(config, folder, engine, log));
  const servers = createHttpServers(
    [
      { listen: serve.listen, routes: engineServer?.routes },
      { listen: web.listen, routes: window?.routes, certificate: certificateOf(config, folder, log) },
    ],
    log,
  );
  return new Serving(window, engineServer, servers);
}

function certificateOf({ web }: Config, folder: string, log: Log): ServerCertificate | null {
  const { cert_file, key_file } = web.tls;
  if (cert_file === null || key_file === null) return null;
  const [certFile, keyFile] = [lookUpSecret(cert_file, folder), lookUpSecret(key_file, folder)];
  return new ServerCertificate({ section: 'web.tls', certFile, keyFile, log });
}
