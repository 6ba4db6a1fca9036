import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';

/** A real mosquitto on a free loopback port, with its own folder; can be stopped and started again. */
export class Mosquitto {
  readonly port: number;
  readonly folder: string;
  #process: ChildProcess | null = null;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  /**
   * `settings`: further lines of mosquitto.conf, or a function of the broker's folder that returns them; by default
   * everything is allowed. They follow the listener's line, and may add to it (protocol, TLS).
   */
  static async start(
    settings: string | ((folder: string) => string) = 'allow_anonymous true',
  ): Promise<Mosquitto> {
    const folder = await mkdtemp(join(tmpdir(), 'scenecast-mosquitto-'));
    const broker = new Mosquitto(await freePort(), folder);
    const lines = typeof settings === 'string' ? settings : settings(folder);
    await writeFile(join(folder, 'mosquitto.conf'), `listener ${broker.port} 127.0.0.1\n${lines}\n`);
    await broker.up();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    // Debian installs it in /usr/sbin, which may not be in PATH.
    const path = `${process.env['PATH']}:/usr/sbin`;
    this.#process = spawn('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], {
      stdio: 'ignore',
      env: { ...process.env, PATH: path },
    });
    for (let attempt = 0; !(await answers(this.port)); attempt++) {
      if (attempt > 1200 || this.#process.exitCode !== null) throw new Error('mosquitto does not start');
      await sleep(25);
    }
  }

  async down(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** For SIGSTOP, SIGCONT and SIGHUP. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async close(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true, force: true });
  }
}
