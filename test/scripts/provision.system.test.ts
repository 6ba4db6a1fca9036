import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { FakeBoard } from '../../tools/test/fake-board.ts';

vi.setConfig({ testTimeout: 600_000 });
/** Killed at every KILL_STEP-th call; KILL_STEP=1 tries them all, which takes a quarter of an hour. */
const killStep = Number(process.env['KILL_STEP'] ?? 29);
const configPath = 'etc/scenecast/config.yaml';

function newBoard(): { board: FakeBoard; install: string[] } {
  const board = new FakeBoard();
  onTestFinished(() => board.close());
  return { board, install: ['--yes', '--package', board.makePackage('1.0')] };
}

const changing =
  /^(apt-get .*(install|purge|update)|systemctl (start|restart|enable|disable)|mosquitto_passwd|runuser|chown)/;

describe.skipIf(!existsSync('/usr/bin/dpkg-deb'))('scripts/provision.sh (needs dpkg-deb)', () => {
  test('a dry run prints each step and changes nothing', async () => {
    const { board, install } = newBoard();
    const before = board.files({ withTimes: true });
    const { code, output } = await board.provision(['--dry-run', ...install, '--camera', 'scene']);
    expect(output).toMatch(/would run: env .*apt-get .*install .*scenecast_1\.0_amd64\.deb/);
    expect(output).toMatch(/\[9\/9\] wait for the first description/);
    expect(output).toMatch(/type: scene/);
    expect(code).toBe(0);
    expect(board.calls.filter((call) => changing.test(call))).toEqual([]);
    expect(board.files({ withTimes: true })).toEqual(before);
    expect(board.has('var/log/scenecast-provision.log')).toBe(false);
  });

  test('a dry run that would stop says so in its last lines, and by an exit code of its own', async () => {
    const { board, install } = newBoard();
    rmSync(join(board.root, 'run/systemd/system'), { recursive: true });
    const one = await board.provision(['--dry-run', ...install, '--camera', 'scene']);
    expect(one.output).toMatch(/\[9\/9\] wait for the first description/);
    expect(one.output).toMatch(
      /\nprovision: a real run would stop:\n {2}step 1: systemd is not running\. Boot the board with systemd\.\n$/,
    );
    expect(one.code).toBe(3);
    // Each reason, in order; the remedy with it.
    const two = await board.provision(['--dry-run', '--yes', '--camera', 'scene']);
    expect(two.output).toMatch(
      /would stop:\n {2}step 1: systemd.*\n {2}step 2: scenecast_\*_amd64\.deb was not found\. Put it .*\n$/,
    );
    expect(two.code).toBe(3);
    // A real run stops at the first, with the code that it had.
    const real = await board.provision([...install, '--camera', 'scene']);
    expect(real.output).toMatch(/provision: systemd is not running/);
    expect(real.code).toBe(1);
  });

  test('a fresh board: package, broker with password, config, service, first description', async () => {
    const { board, install } = newBoard();
    const { code, output } = await board.provision([...install, '--device', 'porch', '--language', 'German']);
    expect(output).toMatch(/A red circle\./);
    // Before the download, and what --yes accepts by it.
    expect(output).toMatch(
      /time of a description: 12 s\n *licence of small, accepted by --yes: Apache-2\.0\n/,
    );
    expect(code).toBe(0);
    expect(parseConfig(board.read(configPath), configPath)).toMatchObject({
      device: 'porch',
      mqtt: { url: 'mqtt://127.0.0.1:1883', username: 'scenecast', password_file: 'mqtt-password' },
      web: { listen: { host: '127.0.0.1', port: 8480 }, password_hash: null },
      model: { path: 'small', detail: 'overview' },
      language: 'de',
      prompts: { default: 'Describe the scene.' },
      cameras: { camera: { source: { type: 'v4l2', device: '/dev/v4l/by-id/usb-A' } } },
    });
    expect(output).toMatch(
      /window {6}ssh -L 8480:127\.0\.0\.1:8480 \S+@\S+\n.* http:\/\/127\.0\.0\.1:8480 there\n/,
    );
    expect(board.mode('etc/credstore/scenecast.mqtt-password')).toBe('600');
    expect(board.read('etc/credstore/scenecast.mqtt-password')).toMatch(/^[\w+/]{32}\n$/);
    expect(board.read('etc/mosquitto/scenecast.passwd')).toBe('scenecast:hashed\n');
    expect(board.mode('etc/mosquitto/scenecast.passwd')).toBe('640');
    expect(board.read('etc/mosquitto/conf.d/scenecast.conf')).toMatch(
      /^listener 1883 127\.0\.0\.1\nallow_anonymous false$/m,
    );
    expect(board.calls.filter((call) => /^systemctl (enable|restart)/.test(call))).toEqual([
      'systemctl restart mosquitto',
      'systemctl enable scenecast',
      'systemctl restart scenecast',
    ]);
  });

  test('a second run changes nothing and restarts nothing', async () => {
    const { board, install } = newBoard();
    await board.provision([...install, '--model', 'demo']);
    const before = board.files({ withTimes: true });
    // Without flags: the answers are those of the first run.
    const { code, output } = await board.provision(install);
    expect(output).toMatch(/nothing has changed: not restarted/);
    expect(code).toBe(0);
    expect(board.files({ withTimes: true })).toEqual(before);
    expect(
      board.calls.filter((call) => /^(apt-get -|systemctl (start|restart|enable)|runuser)/.test(call)),
    ).toEqual([]);
  });

  test('killed at any moment and run again, it ends as if it had not been', async () => {
    const { board: whole, install: flags } = newBoard();
    expect((await whole.provision(flags)).code).toBe(0);
    const moments = whole.callCount;
    expect(moments).toBeGreaterThan(60);
    const secret = /\/etc\/credstore/;
    const shape = (board: FakeBoard): string[] =>
      Object.entries(board.files({ withTimes: false })).map(([path, content]) =>
        secret.test(path) ? path : `${path}\n${content.replaceAll(board.folder, '')}`,
      );
    const expected = shape(whole);
    for (let moment = 1; moment <= moments; moment += killStep) {
      const { board, install } = newBoard();
      const killed = await board.provision(install, { FAKE_KILL_AT: `${moment}` });
      expect(killed.code, `killed at ${moment}`).toBe(null);
      const { code, output } = await board.provision(install);
      expect(code, `after a kill at ${moment}: ${output}`).toBe(0);
      expect(output).toMatch(/A red circle\./);
      expect(shape(board), `after a kill at ${moment}`).toEqual(expected);
      expect(board.has('run/scenecast-provision')).toBe(false);
      // Nothing that was begun is forgotten: a third run has nothing to do.
      await board.provision(install);
      expect(board.calls.filter((call) => /^systemctl (start|restart|enable)/.test(call))).toEqual([]);
      board.close();
    }
  });

  test('an existing broker: the password is in no argument, log or output', async () => {
    const { board, install } = newBoard();
    const file = join(board.folder, 'password');
    writeFileSync(file, 'correct horse');
    const { code, output } = await board.provision([
      ...[...install, '--broker', 'mqtts://broker.example:8883', '--broker-user', 'me'],
      ...['--password-file', file, '--camera', 'porch=rtsp://10.0.0.2/1', '--camera', '/srv/pictures'],
    ]);
    expect(output).toMatch(/A red circle\./);
    expect(code).toBe(0);
    expect(board.read('etc/credstore/scenecast.mqtt-password')).toBe('correct horse\n');
    expect(parseConfig(board.read(configPath), configPath)).toMatchObject({
      mqtt: { url: 'mqtts://broker.example:8883', username: 'me' },
      cameras: {
        porch: { source: { type: 'ffmpeg' } },
        camera: { source: { type: 'still', path: '/srv/pictures' } },
      },
    });
    const told = [...board.calls, output, board.read('var/log/scenecast-provision.log')].join('\n');
    expect(told).not.toMatch(/horse/);
    expect(board.calls.some((call) => /mosquitto(_passwd|$)/.test(call) && /^apt-get/.test(call))).toBe(
      false,
    );
  });

  test.skipIf(!existsSync('/usr/bin/script'))(
    'asked at a terminal: numbers, words, mended answers, a hidden password',
    async () => {
      const { board } = newBoard();
      const typed = [
        'porch',
        'broker.local',
        'mqtt://10.0.0.9:1883',
        'me',
        'correct horse',
        '1',
        'demo',
        '',
        'Say what is there.',
      ];
      const { code, output } = await board.provision(
        ['--package', board.makePackage('1.0')],
        {},
        `${typed.join('\n')}\n`,
      );
      expect(output).toMatch(/The answer must be an address such as/);
      expect(code).toBe(0);
      expect(parseConfig(board.read(configPath), configPath)).toMatchObject({
        device: 'porch',
        mqtt: { url: 'mqtt://10.0.0.9:1883', username: 'me' },
        model: { path: 'models/demo' },
        prompts: { default: 'Say what is there.' },
        cameras: { camera: { source: { device: '/dev/v4l/by-id/usb-A' } } },
      });
      expect(board.read('etc/credstore/scenecast.mqtt-password')).toBe('correct horse\n');
      expect([...board.calls, board.read('var/log/scenecast-provision.log')].join('\n')).not.toMatch(/horse/);
    },
  );

  test('answers are written verbatim, and never executed', async () => {
    const { board, install } = newBoard();
    const prompt = `$(touch ${board.folder}/run1) \`touch ${board.folder}/run2\` "x" \\ 'y' #: {a}; é`;
    const { code } = await board.provision([...install, '--prompt', prompt]);
    expect(code).toBe(0);
    expect(parseConfig(board.read(configPath), configPath).prompts['default']).toBe(prompt);
    expect((await board.provision(install)).code).toBe(0);
    expect(parseConfig(board.read(configPath), configPath).prompts['default']).toBe(prompt);
    expect(existsSync(join(board.folder, 'run1')) || existsSync(join(board.folder, 'run2'))).toBe(false);
  });

  test('a config edited by hand is left alone, or moved aside for new answers', async () => {
    const { board, install } = newBoard();
    await board.provision(install);
    const mine = `${board.read(configPath)}\n# mine\n`;
    writeFileSync(join(board.root, configPath), mine);
    expect((await board.provision(install)).output).toMatch(/was edited by hand/);
    expect(board.read(configPath)).toBe(mine);
    const { code, output } = await board.provision([...install, '--device', 'other']);
    expect(code).toBe(0);
    expect(board.read(configPath)).toMatch(/^device: "other"$/m);
    const [, kept] = /saved as (\S+)/.exec(output) ?? [];
    expect(board.read(kept!)).toBe(mine);
  });

  test('a window that was edited out of the config is not announced', async () => {
    const { board, install } = newBoard();
    await board.provision([...install, '--model', 'demo']);
    writeFileSync(join(board.root, configPath), board.read(configPath).replace(/^web:\n.*\n/m, ''));
    const { code, output } = await board.provision(install);
    expect(code).toBe(0);
    expect(output).toMatch(/Scenecast is running/);
    expect(output).not.toMatch(/ssh -L/);
  });

  test('if the service does not start with new answers, the working ones are restored', async () => {
    const { board, install } = newBoard();
    await board.provision(install);
    const before = board.files({ withTimes: false });
    const { code, output } = await board.provision([...install, '--device', 'bad'], {
      FAKE_BAD_CONFIG: '"bad"',
    });
    expect(code).toBe(1);
    expect(output).toMatch(/The last working config is restored/);
    expect(board.read(configPath)).toBe(before[`/${configPath}`]);
    expect((await board.provision(install)).code).toBe(0);
  });

  test('a failed attempt with new answers does not lose edits made by hand', async () => {
    const { board, install } = newBoard();
    await board.provision(install);
    const mine = `${board.read(configPath)}\n# mine\n`;
    writeFileSync(join(board.root, configPath), mine);
    const failed = await board.provision([...install, '--device', 'bad'], { FAKE_BAD_CONFIG: '"bad"' });
    expect(failed.code).toBe(1);
    expect((await board.provision(install)).output).toMatch(/was edited by hand/);
    expect(board.read(configPath)).toBe(mine);
  });

  test('the password of one broker, or of one user, is not sent for another', async () => {
    const { board, install } = newBoard();
    const file = join(board.folder, 'password');
    writeFileSync(file, 'correct horse');
    const known = ['--broker', 'mqtt://broker.example:1883', '--broker-user', 'me'];
    expect((await board.provision([...install, ...known, '--password-file', file])).code).toBe(0);
    expect((await board.provision([...install, ...known])).code).toBe(0);
    const config = board.read(configPath);
    for (const [broker, user] of [
      ['mqtt://other.example:1883', 'me'],
      ['mqtt://broker.example:1883', 'bob'],
    ] as const) {
      const { code, output } = await board.provision([...install, '--broker', broker, '--broker-user', user]);
      expect(output).toMatch(`no password for ${user}`);
      expect(code).toBe(1);
      expect(board.read(configPath)).toBe(config);
    }
  });

  test("another broker leaves mosquitto's password file where it is", async () => {
    const { board, install } = newBoard();
    await board.provision(install);
    const passwords = board.read('etc/mosquitto/scenecast.passwd');
    expect((await board.provision([...install, '--broker', 'mqtt://other.example:1883'])).code).toBe(0);
    expect(board.read('etc/mosquitto/scenecast.passwd')).toBe(passwords);
    expect((await board.provision([...install, '--install-broker'])).code).toBe(0);
    expect(board.calls.join('\n')).toMatch(/^mosquitto_passwd -U/m);
  });

  test('a model folder with a known name is copied if its files differ', async () => {
    const { board, install } = newBoard();
    const modelOf = (version: string, text: string): string => {
      const folder = join(board.folder, version, 'Mine');
      mkdirSync(folder, { recursive: true });
      for (const name of ['text.gguf', 'mmproj.gguf']) writeFileSync(join(folder, name), text);
      return folder;
    };
    const copied = 'var/lib/scenecast/models/mine/text.gguf';
    const [first, second] = [modelOf('v1', 'first'), modelOf('v2', 'the second')];
    expect((await board.provision([...install, '--model', first])).code).toBe(0);
    expect(board.read(copied)).toBe('first');
    expect((await board.provision([...install, '--model', second])).code).toBe(0);
    expect(board.read(copied)).toBe('the second');
    expect((await board.provision([...install, '--model', second])).output).toMatch(/the model is in/);
  });

  test('a camera without a picture does not delay the script until its timeout', async () => {
    const { board, install } = newBoard();
    const { code, output } = await board.provision(install, {
      FAKE_STATUS: 'looking at 0 of 1 camera; camera camera offline: unauthorised',
    });
    expect(output).toMatch(/offline: unauthorised.*no camera returns a picture/s);
    expect(code).toBe(1);
  });

  test('an address is logged without its possible password', async () => {
    const { board, install } = newBoard();
    const address = 'http://10.0.0.2/snap.cgi?token=horse';
    const { code, output } = await board.provision([...install, '--camera', address]);
    expect(code).toBe(0);
    expect(board.read(configPath)).toMatch(/type: http, url: .*horse/);
    expect(output + board.read('var/log/scenecast-provision.log')).not.toMatch('horse');
  });

  test('offline, the folder is the only apt source, and the source of models', async () => {
    const { board } = newBoard();
    const folder = join(board.folder, 'stick');
    const { code, output } = await board.provision(['--yes', '--offline', board.folder, '--model', 'small']);
    expect(code).toBe(1);
    expect(output).toMatch(/models\/small does not contain two GGUF files/);
    const apt = board.calls.filter((call) => /^apt-get .*(update|install)/.test(call));
    expect(apt.length).toBeGreaterThan(1);
    for (const call of apt) expect(call).toMatch(/SourceParts=\/dev\/null/);
    expect(board.calls.filter((call) => call.startsWith('runuser'))).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('uninstalling leaves nothing', async () => {
    const { board, install } = newBoard();
    const before = board.files({ withTimes: false });
    await board.provision([...install, '--model', 'small']);
    const { code, output } = await board.provision(['--uninstall', '--yes']);
    expect(output).toMatch(/Scenecast is uninstalled/);
    expect(code).toBe(0);
    expect(board.files({ withTimes: false })).toEqual(before);
    expect(board.has('var/log/scenecast-provision.log')).toBe(false);
  });

  test('a language that Scenecast does not know is an error before the download', async () => {
    const { board, install } = newBoard();
    const { code, output } = await board.provision([...install, '--language', 'Elvish']);
    expect(output).toMatch(/provision: language: must be a language/);
    expect(code).toBe(1);
    expect(board.calls.join('\n')).not.toMatch(/models pull/);
  });

  test.each([
    [['--camera', 'webcam'], /--camera webcam: must be a device/],
    [['--camera', '/home/me/pictures'], /a folder that the service cannot see/],
    [['--camera', 'rtsp://me:secret@10.0.0.2/1'], /must not contain user or password/],
    [['--camera', '/dev/video0', '--camera', '/dev/video1'], /two cameras camera/],
    [['--broker', 'broker.local'], /--broker broker\.local: must be an address/],
    [['--broker', 'mqtt://a', '--install-broker'], /cannot be combined with/],
    [['--device', 'a/b'], /--device a\/b: must be/],
    [['--language', 'German; rm'], /must be the name of a language/],
    [['--prompt', 'a\nb'], /must be text on one line/],
    [['--model', '../x'], /--model \.\.\/x: must be/],
    [['--password-file', '/nowhere'], /must be a readable file/],
    [['--offline', '/nowhere'], /must be an existing folder/],
    [['--frobnicate'], /unknown flag/],
    [['--model'], /needs a value/],
  ])('%j is a wrong flag', async (flags, message) => {
    const { board } = newBoard();
    const { code, output } = await board.provision(['--yes', ...flags]);
    expect(output).toMatch(message);
    expect(code).toBe(64);
    expect(board.calls.filter((call) => changing.test(call))).toEqual([]);
  });

  test('a second run at the same time is refused', async () => {
    const { board, install } = newBoard();
    const { code, output } = await board.provision(install, { FAKE_FLOCK: '1' });
    expect(output).toMatch(/another run is in progress/);
    expect(code).toBe(75);
  });
});
