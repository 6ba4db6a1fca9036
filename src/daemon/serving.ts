import type { Config } from '../config/schema.ts';
import type { Health } from '../domain/health.ts';
import type { EngineServer } from '../engine-server/engine-server.ts';
import type { PipelineParts } from '../pipeline/pipeline.ts';
import type { Log, Publisher } from '../pipeline/ports.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';
import type { Outbox } from '../store/outbox.ts';
import type { HttpServer } from '../system/http-server.ts';
import { ServerCertificate } from '../system/server-certificate.ts';
import type { Window } from '../web/window.ts';
import { publishToAll } from './all-publishers.ts';
import { createEngineServer } from './engine-server.ts';
import { createHttpServers } from './http-servers.ts';
import { createMonitoring, type Monitoring } from './monitoring.ts';
import type { Onlookers } from './onlookers.ts';
import { loadingOf } from './own-engine.ts';
import { createWindow, type SeenByWindow, watchedBy } from './window.ts';

interface Served {
  /** null: the config has none. */
  readonly window: Window | null;
  readonly engineServer: EngineServer | null;
  readonly monitoring: Monitoring | null;
  /** Of the terminal. */
  readonly display: Publisher | null;
}

type Watchable = Pick<PipelineParts, 'tasks' | 'describer' | 'quick' | 'publisher'>;

/** What the daemon serves over HTTP: the window, the engine to other programs, and what monitoring asks for. */
export class Serving {
  readonly #served: Served;
  readonly #servers: readonly HttpServer[];

  constructor(served: Served, servers: readonly HttpServer[]) {
    this.#served = served;
    this.#servers = servers;
  }

  get window(): Window | null {
    return this.#served.window;
  }

  /** What the pipeline works with, as window, metrics and terminal watch it. */
  watch({ tasks, describer, quick, publisher }: Watchable): Watchable {
    const { window } = this.#served;
    return {
      tasks: window ? tasks.map((task) => watchedBy(window, task)) : tasks,
      describer: window?.watchDescriber(describer) ?? describer,
      quick: quick && (window?.watchDescriber(quick) ?? quick),
      publisher: this.reportedTo(publisher),
    };
  }

  /** A publisher, and those of window, metrics and terminal. */
  reportedTo(publisher: Publisher): Publisher {
    const { window, monitoring, display } = this.#served;
    const publishers = [publisher, window?.publisher, monitoring?.publisher, display];
    return publishToAll(publishers.filter((each) => each != null));
  }

  /** Begins to listen. @throws ConfigError if the certificate cannot be used */
  async start(): Promise<void> {
    for (const server of this.#servers) await server.start();
  }

  /** Ends what is in progress, then all connections. May be called again. */
  async close(): Promise<void> {
    const { window, engineServer } = this.#served;
    await using closing = new AsyncDisposableStack();
    for (const server of this.#servers) closing.defer(() => server.close());
    if (engineServer) closing.adopt(engineServer, () => engineServer.close());
    if (window) closing.adopt(window, () => window.close());
  }
}

export interface SeenByServing extends SeenByWindow, Onlookers {
  readonly outbox: Pick<Outbox, 'health' | 'ageMs'>;
  /** null: the pipeline has not started. */
  readonly health: () => Health | null;
}

/** Builds what the config says; it does not listen yet. @throws ConfigError for secrets that cannot be read */
export async function createServing(
  config: Config,
  folder: string,
  seen: SeenByServing,
  log: Log,
): Promise<Serving> {
  const { serve, web } = config;
  const { own, publisher, outbox, health, display } = seen;
  const engines = own?.engines ?? [];
  const window = await createWindow(config, folder, seen, log);
  const engine = engines.at(-1) ?? null;
  const engineServer = engine && (await createEngineServer(config, folder, engine, log));
  const readings = {
    health,
    loading: () => loadingOf(own),
    outbox: () => outbox.health,
    outboxAgeMs: () => outbox.ageMs,
    isBrokerConnected: () => publisher.isConnected,
    engines: () => engines.map(({ role, client }) => ({ model: role ?? '', restarts: client.restarts })),
  };
  const monitoring = await createMonitoring(config, folder, readings, log);
  const certificate = certificateOf(config, folder, log);
  const servers = createHttpServers(
    [
      { listen: serve.listen, routes: engineServer?.routes },
      { listen: web.listen, routes: window?.routes, certificate },
      { listen: web.listen, routes: monitoring?.routes, certificate },
    ],
    log,
  );
  return new Serving({ window, engineServer, monitoring, display }, servers);
}

function certificateOf({ web }: Config, folder: string, log: Log): ServerCertificate | null {
  const { cert_file, key_file } = web.tls;
  if (cert_file === null || key_file === null) return null;
  const [certFile, keyFile] = [lookUpSecret(cert_file, folder), lookUpSecret(key_file, folder)];
  return new ServerCertificate({ section: 'web.tls', certFile, keyFile, log });
}
