import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EngineServer, type EngineServerOptions } from '../../src/engine-server/engine-server.ts';
import { HttpServer } from '../../src/system/http-server.ts';
import { FakeChat } from './fake-chat.ts';
import { freePort } from './free-port.ts';
import { LogLines } from './log-lines.ts';
import { until } from './until.ts';

export const serverToken = 'canary-0123456789abcdef';

export interface RunningEngineServer {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly port: number;
  readonly engine: FakeChat;
  readonly log: LogLines;
  readonly server: EngineServer;
}

/** An engine server on loopback that wants `serverToken`; closed when the test ends. */
export async function startEngineServer(
  options: Partial<EngineServerOptions> & { engine?: FakeChat; requestTimeoutMs?: number } = {},
): Promise<RunningEngineServer> {
  const { engine = new FakeChat(), requestTimeoutMs, ...others } = options;
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-token-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${serverToken}\n`);
  const [log, port] = [new LogLines(), await freePort()];
  const server = new EngineServer({
    engine,
    model: () => ({ name: 'fake', quant: 'F16', build: 'b1', contextSize: 4096 }),
    tokenFile,
    log,
    ...others,
  });
  const http = new HttpServer({
    listen: { host: '127.0.0.1', port },
    log,
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
  });
  http.use(server.routes);
  await http.start();
  onTestFinished(async () => {
    await server.close();
    await http.close();
    rmSync(folder, { recursive: true });
  });
  await until(() => log.of('HTTP server listening').length > 0);
  return { url: `http://127.0.0.1:${port}`, port, engine, log, server };
}
