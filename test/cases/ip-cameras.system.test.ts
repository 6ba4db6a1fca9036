import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';

// A network of its own, in which cameras answer as captures of real ones do.
const root = join(import.meta.dirname, '../..');
const [first, second, third, board] = ['10.77.0.11', '10.77.0.12', '10.77.0.13', '10.77.0.2'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-ip-cameras-'));
  return () => rmSync(folder, { recursive: true });
});

const mayUnshare = ((): boolean => {
  try {
    execFileSync('unshare', ['-rn', 'ip', 'link', 'add', 'net0', 'type', 'veth'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Runs a command in the network. @returns its output, and what the cameras were asked */
async function inNetwork(...args: string[]): Promise<{ output: string; asked: string[] }> {
  const script = `
    ip link add net0 type veth peer name net1
    for address in ${board} ${first} ${second} ${third}; do ip addr add $address/24 dev net0; done
    ip link set lo up; ip link set net0 up; ip link set net1 up
    python3 ${root}/tools/test/onvif-cameras.py ${first} ${second} ${third} >${folder}/asked & cameras=$!
    until grep -q ready ${folder}/asked; do sleep 0.1; done
    ${root}/bin/scenecast ${args.join(' ')} >${folder}/output; code=$?
    kill $cameras; cat ${folder}/output; exit $code`;
  const { stdout } = await promisify(execFile)('unshare', ['-rn', 'bash', '-c', script], {
    timeout: 60_000,
  });
  const asked = execFileSync('cat', [join(folder, 'asked')], { encoding: 'utf8' });
  return { output: stdout, asked: asked.trim().split('\n').slice(1) };
}

test.skipIf(!mayUnshare)('doctor cameras finds IP cameras and names their streams', async () => {
  const { output, asked } = await inNetwork('doctor', 'cameras', '--json');
  expect(JSON.parse(output).ip_cameras).toEqual([
    {
      ...{ host: first, name: 'Front door', hardware: 'DS-2CD2042WD-I' },
      onvif: `http://${first}:8081/onvif/device_service`,
      streams: [
        {
          ...{ profile: 'mainStream', codec: 'H264', size: '2560x1440' },
          url: `rtsp://${first}:554/Streaming/Channels/101?a=1&b=2`,
        },
        {
          ...{ profile: 'subStream', codec: 'H265', size: '640x360' },
          url: `rtsp://${first}:554/Streaming/Channels/102?a=1&b=2`,
        },
      ],
      ...{ picture: `http://${first}/snapshot`, fault: null },
    },
    {
      ...{ host: second, name: 'IPC&Co', hardware: null },
      onvif: `http://${second}:8081/onvif/service?a=1&b=2`,
      ...{ streams: [], picture: null, fault: 'unauthorised; the camera wants a login' },
    },
  ]);
  // No attempt at a login, of which a camera takes a few only.
  expect(asked.filter((line) => line.startsWith(second))).toEqual([`${second} GetCapabilities -`]);
});

test.skipIf(!mayUnshare)('with a login the others name theirs, whatever their clock says', async () => {
  writeFileSync(join(folder, 'password'), 'geheim\n');
  const login = ['--username', 'viewer', '--password-file', join(folder, 'password')];
  const { output } = await inNetwork('doctor', 'cameras', ...login);
  expect(output).toContain(`${second}  IPC&Co\n  onvif     http://${second}:8081/onvif/service?a=1&b=2\n`);
  expect(output).toContain(
    `  stream    rtsp://${second}:554/Streaming/Channels/102?a=1&b=2  H265 640x360 subStream`,
  );
  expect(output).not.toMatch(/geheim|unknown|10\.77\.0\.13/);
});

test.skipIf(!mayUnshare)('a wrong login is tried once', async () => {
  writeFileSync(join(folder, 'password'), 'wrong\n');
  const login = ['--username', 'viewer', '--password-file', join(folder, 'password')];
  const { output, asked } = await inNetwork('doctor', 'cameras', ...login);
  expect(output).toMatch(/streams {3}unknown: unauthorised; the camera refuses the login\n/);
  expect(asked.filter((line) => line === `${second} GetCapabilities viewer`)).toHaveLength(1);
  expect(asked.filter((line) => line.startsWith(second))).toHaveLength(2);
});

test.skipIf(!mayUnshare)('config propose lists their streams', async () => {
  const { output } = await inNetwork('config', 'propose');
  expect(output.split('\n').filter((line) => line.startsWith('ip-camera\t'))).toEqual([
    `ip-camera\trtsp://${first}:554/Streaming/Channels/101?a=1&b=2\t-\tFront door, DS-2CD2042WD-I at ${first}: H264 2560x1440 mainStream`,
    `ip-camera\trtsp://${first}:554/Streaming/Channels/102?a=1&b=2\t-\tFront door, DS-2CD2042WD-I at ${first}: H265 640x360 subStream`,
    expect.stringMatching(`^ip-camera\thttp://${second}:8081/.*\t-\tIPC&Co at ${second}: .*--username`),
  ]);
});

test('without a network there are none', async () => {
  const { stdout } = await promisify(execFile)('unshare', [
    '-rn',
    `${root}/bin/scenecast`,
    'doctor',
    'cameras',
  ]);
  expect(stdout).toMatch(/^no IP cameras: /m);
});
