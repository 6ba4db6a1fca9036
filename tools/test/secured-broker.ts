import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { Mosquitto } from '../../tools/test/mosquitto.ts';

const docs = join(import.meta.dirname, '../../docs');

/**
 * A mosquitto set up with the commands and files of docs/security.md, plus a user `admin` with all rights. The caller
 * closes it.
 */
export class SecuredBroker {
  readonly folder = mkdtempSync(join(tmpdir(), 'scenecast-secured-'));
  readonly #clients: MqttClient[] = [];
  #mosquitto!: Mosquitto;

  static async start(): Promise<SecuredBroker> {
    const broker = new SecuredBroker();
    broker.#runCommands();
    const settings = readFileSync(join(docs, 'mosquitto/scenecast.conf'), 'utf8')
      .replace(/^listener .*$/m, '')
      .replaceAll('/etc/mosquitto/scenecast', broker.folder);
    // As root, mosquitto would switch to a user that cannot read the folder.
    broker.#mosquitto = await Mosquitto.start(`${settings}\nuser root`);
    return broker;
  }

  get url(): string {
    return `mqtts://localhost:${this.#mosquitto.port}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  password(user: string): string {
    return readFileSync(this.path(`${user}.password`), 'utf8').trim();
  }

  /** A client that does not reconnect. */
  async connect(user: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(
      this.url,
      {
        protocolVersion: 5,
        reconnectPeriod: 0,
        username: user,
        password: this.password(user),
        ca: readFileSync(this.path('ca.crt')),
        ...options,
      },
      false,
    );
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
    await this.#mosquitto.close();
    rmSync(this.folder, { recursive: true });
  }

  /** The code blocks of docs/security.md, with this machine's names. */
  #runCommands(): void {
    const page = readFileSync(join(docs, 'security.md'), 'utf8');
    const blocks = [...page.matchAll(/<!-- tested: \w+ -->\n\n```sh\n([\s\S]*?)```/g)].map(
      ([, code]) => code!,
    );
    const script = blocks
      .join('\n')
      .replace('host=broker.example', 'host=localhost')
      .replace('files=/usr/share/doc/scenecast/docs/mosquitto', `files='${join(docs, 'mosquitto')}'`)
      .replace('in workshop garage reader', 'in admin workshop garage reader');
    execFileSync('bash', ['-euc', script], { cwd: this.folder, stdio: 'pipe' });
    const list = readFileSync(this.path('access.acl'), 'utf8');
    writeFileSync(this.path('access.acl'), `${list}\nuser admin\ntopic readwrite #\n`);
  }
}
