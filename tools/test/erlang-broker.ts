import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';

/** A broker from a Debian package that runs on Erlang. */
export type ErlangBrokerName = 'rabbitmq-server' | 'ejabberd';

const executables = {
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  ejabberd: '/usr/sbin/ejabberdctl',
};

/** Whether its Debian package is installed. */
export function isInstalled(name: ErlangBrokerName): boolean {
  return existsSync(executables[name]);
}

/** One of these brokers on a free loopback port, with its own folder; user `board`, password `secret`. */
export class ErlangBroker {
  readonly name: ErlangBrokerName;
  readonly port: number;
  readonly folder: string;
  #children: ChildProcess[] = [];

  private constructor(name: ErlangBrokerName, port: number, folder: string) {
    this.name = name;
    this.port = port;
    this.folder = folder;
  }

  /** Closed when the test ends. */
  static async start(name: ErlangBrokerName): Promise<ErlangBroker> {
    const folder = await mkdtemp(join(tmpdir(), `scenecast-${name}-`));
    const broker = new ErlangBroker(name, await freePort(), folder);
    onTestFinished(async () => {
      await broker.down();
      await rm(folder, { recursive: true, force: true });
    });
    await writeFile(broker.login.passwordFile, 'secret\n');
    await mkdir(join(folder, 'data'));
    await broker.up();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get login(): { username: string; passwordFile: string } {
    return { username: 'board', passwordFile: join(this.folder, 'password') };
  }

  async up(): Promise<void> {
    await (this.name === 'ejabberd' ? this.#startEjabberd() : this.#startRabbitmq());
    await listening(this.port);
  }

  /** Kills it: what it has not written is lost. */
  async down(): Promise<void> {
    const children = this.#children.splice(0);
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      // The script's whole process group.
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
    }
  }

  async #startEjabberd(): Promise<void> {
    const { folder, port } = this;
    const config = join(folder, 'ejabberd.yml');
    await writeFile(
      config,
      `hosts: [localhost]
loglevel: warning
auth_method: [anonymous]
anonymous_protocol: login_anon
allow_multiple_connections: true
listen: [{ port: ${port}, ip: "127.0.0.1", module: mod_mqtt }]
modules: { mod_mqtt: {} }
`,
    );
    const libraries = process.arch === 'arm64' ? '/usr/lib/aarch64-linux-gnu' : '/usr/lib/x86_64-linux-gnu';
    // Not ejabberdctl: it would switch to a user who cannot read the folder.
    this.#spawn('erl', ['-noinput', '-mnesia', 'dir', `"${folder}/data"`, '-s', 'ejabberd'], {
      ERL_LIBS: libraries,
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(folder, 'ejabberd.log'),
      ERL_CRASH_DUMP: join(folder, 'crash'),
    });
  }

  async #startRabbitmq(): Promise<void> {
    const { folder, port } = this;
    const [epmdPort, nodePort] = [await freePort(), await freePort()];
    const path = (name: string): string => join(folder, name);
    await writeFile(
      path('rabbitmq.conf'),
      `listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:${port}
mqtt.allow_anonymous = false
default_user = board
default_pass = secret
`,
    );
    await writeFile(path('enabled_plugins'), '[rabbitmq_mqtt].');
    const environment = {
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false',
      RABBITMQ_NODENAME: 'scenecast@localhost',
      RABBITMQ_DIST_PORT: String(nodePort),
      RABBITMQ_MNESIA_BASE: path('data'),
      RABBITMQ_LOG_BASE: path('log'),
      RABBITMQ_CONFIG_FILE: path('rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path('enabled_plugins'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_PID_FILE: path('pid'),
    };
    this.#spawn('epmd', [], environment);
    await listening(epmdPort);
    this.#spawn(executables['rabbitmq-server'], [], environment);
  }

  #spawn(command: string, args: readonly string[], environment: Record<string, string>): void {
    const env = { ...process.env, HOME: this.folder, ...environment };
    this.#children.push(spawn(command, args, { detached: true, stdio: 'ignore', cwd: this.folder, env }));
  }
}

/** Waits at most a minute. */
async function listening(port: number): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await answers(port))) {
    if (performance.now() > end) throw new Error('the broker does not start');
    await sleep(50);
  }
}
