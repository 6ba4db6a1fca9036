import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import { afterEach } from 'vitest';

/*
 * The setup file of the unit project. A unit test fails if it starts a process or connects to a server of another
 * process, even if the code under test catches the error. Our addons appear not to be built, so that a test behaves the
 * same with and without them.
 */
const faults: Error[] = [];

afterEach(() => {
  const fault = faults.shift();
  faults.length = 0;
  if (fault) throw fault;
});

const faultOf = (what: string): Error =>
  new Error(`a unit test must not ${what}; rename its file to *.system.test.ts`);

function refuse(what: string): never {
  const fault = faultOf(what);
  faults.push(fault);
  throw fault;
}

// spawn, fork, exec and execFile all end here.
Object.assign(ChildProcess.prototype, {
  spawn: (options: { file: string }) => refuse(`start a process (${options.file})`),
});
for (const name of ['spawnSync', 'execSync', 'execFileSync'] as const)
  Object.assign(childProcess, { [name]: (command: string) => refuse(`start a process (${command})`) });
syncBuiltinESMExports();

const { dlopen } = process;
process.dlopen = (module: object, filename: string, ...flags: number[]) => {
  if (!filename.includes('/node_modules/')) throw faultOf(`load a native addon (${filename})`);
  return Reflect.apply(dlopen, process, [module, filename, ...flags]);
};

// Nothing listens on port 1, which tests use for an unreachable server.
const ownAddresses = new Set(['1']);
const { emit } = Server.prototype;
Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]) {
  const address = event === 'listening' ? this.address() : null;
  if (address) ownAddresses.add(typeof address === 'string' ? address : String(address.port));
  return Reflect.apply(emit, this, [event, ...args]);
};
const { connect } = Socket.prototype;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  // net.connect() passes its arguments on normalised, as one array.
  const [target] = (Array.isArray(args[0]) ? args[0] : args) as unknown[];
  const { path, port } =
    typeof target === 'object' ? (target as { path?: string; port?: unknown }) : { port: target };
  const address = String(path ?? port);
  if (!ownAddresses.has(address)) refuse(`connect to a server that it did not start (${address})`);
  return Reflect.apply(connect, this, args);
};
