import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { redactedConfig } from '../../src/config/redacted-config.ts';

const redact = (text: string): Record<string, unknown> => redactedConfig(parseConfig(text, 'c.yaml'));

test('logins, password files and the secret parts of addresses are hidden; the rest is kept', () => {
  const shown = redact(`
    device: workshop
    location: [52.123456, 13.123456]
    mqtt: { url: "wss://broker.example/mqtt?key=canary", username: canary, password_file: /etc/canary }
    cameras:
      porch:
        hours: ["mon-fri sunrise-19:00"]
        source: { type: ffmpeg, input: "rtsp://192.168.1.20:554/user=canary_password=canary?token=canary",
          username: canary, password_file: canary }
        image: { enabled: true }
      drive: { source: { type: ffmpeg, input: "http://192.168.1.21" } }
      test: { source: { type: ffmpeg, input: "lavfi:movie=rtsp\\\\://canary@192.168.1.22" } }
      film: { source: { type: ffmpeg, input: /srv/films } }
      gate: { source: { type: http, url: "http://192.168.1.23/canary?token=canary", username: canary, password_file: canary } }`);
  expect(JSON.stringify(shown)).not.toContain('canary');
  expect(JSON.stringify(shown)).not.toContain('123456');
  expect(shown).toMatchObject({
    device: 'workshop',
    location: '***',
    mqtt: { url: 'wss://broker.example/mqtt?***', username: '***', password_file: '***', keepalive: 30_000 },
    model: { max_tokens: 256 },
    prompts: { default: 'Describe the scene.' },
    cameras: {
      porch: {
        hours: ['mon-fri sunrise-19:00'],
        source: { input: 'rtsp://192.168.1.20:554/***', username: '***', password_file: '***' },
        image: { enabled: true },
      },
      drive: { source: { input: 'http://192.168.1.21', username: null, password_file: null } },
      test: { source: { input: 'lavfi:***' } },
      film: { source: { input: '/srv/films' } },
      gate: { source: { url: 'http://192.168.1.23/***', username: '***', password_file: '***' } },
    },
  });
});

test('even a login in an address that the schema would refuse is hidden', () => {
  expect(redact('cameras: { location: { source: { type: scene } } }')).toMatchObject({
    location: null,
    cameras: { location: { source: { type: 'scene' } } },
  });
  const config = parseConfig('cameras: { a: { source: { type: scene } } }', 'c.yaml');
  const slipped = {
    ...config,
    mqtt: { ...config.mqtt, url: 'mqtt://user:canary@broker' },
    prompts: { default: 'Look at http://user:canary@camera/x?token=canary and tell.' },
  };
  expect(redactedConfig(slipped)).toMatchObject({
    mqtt: { url: 'mqtt://***@broker' },
    prompts: { default: 'Look at http://***@camera/x?*** and tell.' },
  });
});
