import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../test/free-port.ts';
import { until } from '../../test/until.ts';

const root = join(import.meta.dirname, '../../..');
const runNode = join(root, 'bin/run-node');
const main = join(root, 'src/main.ts');
/** Of the clock in /proc/PID/stat, on all architectures that Linux has today. */
const ticksPerSecond = 100;

/** `scenecast run` as users start it, with the demo model; its engine is another process and does not count here. */
export class MeasuredDaemon {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #messages = new Set<string>();

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#messages.add(JSON.parse(line).msg));
    child.stderr!.pipe(process.stderr);
  }

  /**
   * Resolves once the model is loaded and, if there is one, the window served.
   * @param cameras as in the config
   * @param heapMegabytes the most that JavaScript's objects may take; the less, the sooner garbage is collected. Default: as for users
   */
  static async start(
    brokerUrl: string,
    {
      hasWindow,
      cameras,
      heapMegabytes,
    }: { readonly hasWindow: boolean; readonly cameras: object; readonly heapMegabytes?: number },
  ): Promise<MeasuredDaemon> {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-window-'));
    const path = join(folder, 'config.yaml');
    const port = await freePort();
    const config = {
      device: 'measured',
      mqtt: { url: brokerUrl },
      store: { folder: 'state' },
      model: { threads: 1 },
      web: { listen: hasWindow ? `127.0.0.1:${port}` : null },
      cameras,
    };
    writeFileSync(path, JSON.stringify(config)); // JSON is YAML
    const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
    const child = spawn(runNode, [...heap, main, 'run', '--config', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const daemon = new MeasuredDaemon(port, child, folder);
    const awaited = ['model loaded', ...(hasWindow ? ['HTTP server listening'] : [])];
    await until(
      () => awaited.every((message) => daemon.#messages.has(message)) || child.exitCode !== null,
      120_000,
    );
    if (child.exitCode !== null) throw new Error(`the daemon has exited with ${child.exitCode}`);
    return daemon;
  }

  /** The time that its threads have computed so far. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    // After the name, which may have spaces: state is the first, utime and stime the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  /** Its memory, with its share of what it has in common with others. */
  get megabytes(): number {
    return this.#rolledUp('Pss');
  }

  /** Of it, what the daemon has allocated: its share of Node's file depends on what else runs. */
  get ownMegabytes(): number {
    return this.#rolledUp('Pss_Anon');
  }

  #rolledUp(field: string): number {
    const rollup = readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, 'utf8');
    return (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]) * 1024) / 1e6;
  }

  /** How many connections to the window are open. */
  get connections(): number {
    const local = `0100007F:${this.port.toString(16).toUpperCase().padStart(4, '0')}`;
    const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
    return lines.filter((line) => line.includes(`: ${local} `) && / 01 /.test(line)).length;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}
