import { expect, test } from 'vitest';
import { matchesFilter } from '../../src/mqtt/connection/matches-filter.ts';
import { DeviceOnlineError, forgetDevice } from '../../src/setup/forget-device.ts';

const stored = {
  'homeassistant/device/scenecast_workshop/config': '{"components":{}}',
  'homeassistant/device/scenecast_workshop/porch/config': '{"components":{}}',
  'homeassistant/device/scenecast_workshop2/config': '{"components":{}}',
  'scenecast/workshop/status': '{"state":"offline"}',
  'scenecast/workshop/porch/answer/gate_open': '{"value":true}',
  'scenecast/workshop2/status': '{"state":"online"}',
};

/** What is done to a broker that has these retained messages. */
async function forget(retained: Readonly<Record<string, string>>, force = false): Promise<string[]> {
  const done: string[] = [];
  await forgetDevice('workshop', 'homeassistant', force, {
    subscribe: async (filter, onRetained) => {
      for (const [topic, payload] of Object.entries(retained))
        if (matchesFilter(filter, topic)) onRetained({ topic, payload });
      return () => done.push(`end ${filter}`);
    },
    clear: async (topic) => void done.push(`clear ${topic}`),
    sleep: async (ms) => done.push(`wait ${ms}`),
  });
  return done.filter((step) => !step.startsWith('end'));
}

test('entities are withdrawn first, and topics cleared once Home Assistant has removed them', async () => {
  expect(await forget(stored)).toEqual([
    'wait 2000',
    'clear homeassistant/device/scenecast_workshop/config',
    'clear homeassistant/device/scenecast_workshop/porch/config',
    'wait 5000',
    'clear scenecast/workshop/status',
    'clear scenecast/workshop/porch/answer/gate_open',
  ]);
});

test('a device that was never announced, or never there, needs no wait for Home Assistant', async () => {
  expect(await forget({ 'scenecast/workshop/info': '{}' })).toEqual([
    'wait 2000',
    'clear scenecast/workshop/info',
  ]);
  expect(await forget({})).toEqual(['wait 2000']);
});

test('a device that is online is left alone, unless forced', async () => {
  const online = { ...stored, 'scenecast/workshop/status': '{"state":"online"}' };
  await expect(forget(online)).rejects.toThrow(DeviceOnlineError);
  expect(await forget(online, true)).toContain('clear scenecast/workshop/status');
});
