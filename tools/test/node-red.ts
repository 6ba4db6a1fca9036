import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';

const script = join(import.meta.dirname, '../node-red/node_modules/node-red/red.js');
const maxStartMs = 60_000;

/** A message in the debug sidebar. */
export interface DebugMessage {
  /** Name of the debug node. */
  readonly name: string;
  readonly topic?: string;
  /** A property as text, or a whole message as JSON. */
  readonly msg: string;
}

/** How to install it; null if it is installed. */
export function nodeRedLacks(): string | null {
  return existsSync(script) ? null : 'npm ci in tools/node-red, which scripts/test.sh runs';
}

/** Node-RED with one flow file, on a free loopback port, with a user folder of its own and without telemetry. */
export class NodeRed {
  readonly debugMessages: DebugMessage[] = [];
  /** Its log. */
  log = '';
  readonly #url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #sidebar: WebSocket | null = null;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.#url = `127.0.0.1:${port}`;
    this.#folder = folder;
    this.#child = child;
    for (const output of [child.stdout!, child.stderr!])
      output.on('data', (data) => {
        this.log += data;
      });
  }

  /** Resolves when the flow runs. @param flow the nodes, as in an exported file */
  static async start(flow: readonly object[]): Promise<NodeRed> {
    const folder = await mkdtemp(join(tmpdir(), 'scenecast-node-red-'));
    const port = await freePort();
    const settings = {
      uiHost: '127.0.0.1',
      uiPort: port,
      flowFile: 'flow.json',
      credentialSecret: false,
      mqttReconnectTime: 500,
      telemetry: { enabled: false, updateNotification: false },
      externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
    };
    await writeFile(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(settings)};`);
    await writeFile(join(folder, 'flow.json'), JSON.stringify(flow));
    const child = spawn(process.execPath, [script, '--userDir', folder], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    const nodeRed = new NodeRed(port, folder, child);
    try {
      await nodeRed.#started(port);
    } catch (error) {
      await nodeRed.close();
      throw error;
    }
    return nodeRed;
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    const response = await fetch(`http://${this.#url}/inject/${id}`, { method: 'POST' });
    if (!response.ok) throw new Error(`inject ${id}: ${response.status}`);
  }

  async close(): Promise<void> {
    this.#sidebar?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #started(port: number): Promise<void> {
    const end = performance.now() + maxStartMs;
    while (!this.log.includes('Started flows') || !(await answers(port))) {
      if (performance.now() > end || this.#child.exitCode !== null)
        throw new Error(`Node-RED does not start: ${this.log}`);
      await sleep(50);
    }
    const sidebar = new WebSocket(`ws://${this.#url}/comms`);
    this.#sidebar = sidebar;
    sidebar.addEventListener('message', ({ data }) => {
      for (const message of [JSON.parse(data)].flat())
        if (message.topic === 'debug') this.debugMessages.push(message.data);
    });
    await new Promise((resolve, reject) => {
      sidebar.addEventListener('open', resolve);
      sidebar.addEventListener('error', reject);
    });
    sidebar.send(JSON.stringify({ subscribe: 'debug' }));
  }
}
