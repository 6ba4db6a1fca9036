import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript, type ScriptCall } from '../../tools/test/home-assistant-script.ts';
import { parseHomeAssistantYaml, withInputs } from '../../tools/test/home-assistant-yaml.ts';
import { type EntityState, JinjaProcess, jinjaLacks } from '../../tools/test/jinja.ts';

const path = new URL('../../docs/home-assistant/notify-when-an-answer-turns.yaml', import.meta.url);
const blueprint = parseHomeAssistantYaml(readFileSync(path, 'utf8'));
const lacks = jinjaLacks();
let jinja: JinjaProcess;

const answer = 'sensor.porch_weather';
const picture = 'image.porch_picture';
const sentence = 'Rain falls on an empty porch.';
const id = '01M80ETZR3K0WZ785KG7EKMKX8';
const newerId = '01M80ETZR3K0WZ785KG7EKMKX9';
const at = '2026-11-22T12:00:00.000Z';

function entity(entity_id: string, state: string, attributes: object, device_id = 'porch'): EntityState {
  return { entity_id, device_id, state, attributes: { ...attributes }, last_changed: at, last_updated: at };
}
const turned = entity(answer, 'raining', { friendly_name: 'Porch Weather' });
/** What the camera's device has, as long as nothing is unusual; and another camera's. */
const usual = {
  description: entity('sensor.porch_description', sentence, { description: sentence }),
  described: entity('sensor.porch_last_described', at, { device_class: 'timestamp', id }),
  picture: entity(picture, at, { id }),
  other: entity('image.garden_picture', at, { id }, 'garden'),
};
type Entities = { readonly [name in keyof typeof usual]?: EntityState };

/** The calls of the automation when the answer has turned. */
async function notified(
  entities: Entities | ((calls: readonly ScriptCall[]) => Entities),
  {
    trigger = turned,
    ...inputs
  }: { readonly trigger?: EntityState; readonly folder?: string; readonly word_yes?: string } = {},
): Promise<readonly ScriptCall[]> {
  const { variables, actions } = withInputs(blueprint, { answer, phone: 'a-phone', ...inputs });
  const states = (calls: readonly ScriptCall[]): EntityState[] => [
    trigger,
    ...Object.values({ ...usual, ...(typeof entities === 'function' ? entities(calls) : entities) }),
  ];
  const { calls } = await runScript(
    [{ variables: { ...variables, answer: trigger.entity_id } }, ...actions],
    { trigger: { to_state: trigger } },
    { states, jinja },
  );
  return calls;
}
const notification = (data: object, message = sentence): ScriptCall => ({
  action: 'mobile_app.notify',
  data: { device_id: 'a-phone', title: 'Porch Weather: raining', message, data },
});

describe.skipIf(lacks !== null)(
  `the notification${lacks === null ? '' : ` (skipped: needs Debian's ${lacks})`}`,
  () => {
    beforeAll(() => {
      jinja = JinjaProcess.start();
    });
    afterAll(() => jinja.close());

    test('has the sentence and the picture of its frame', async () => {
      const filename = '/media/scenecast/porch_picture_8.jpg';
      expect(await notified({})).toEqual([
        { action: 'image.snapshot', data: { entity_id: picture, filename } },
        notification({ image: '/media/local/scenecast/porch_picture_8.jpg' }),
      ]);
    });

    test('has no picture if it is of another frame', async () => {
      expect(await notified({ picture: entity(picture, at, { id: newerId }) })).toEqual([notification({})]);
    });

    test('has no picture if a newer one came while it was kept', async () => {
      const calls = await notified(({ length }) =>
        length === 0 ? {} : { picture: entity(picture, at, { id: newerId }) },
      );
      expect(calls.map(({ action }) => action)).toEqual(['image.snapshot', 'mobile_app.notify']);
      expect(calls[1]).toEqual(notification({}));
    });

    test('has no picture if nothing says of which frame it is, or the camera has none', async () => {
      const described = entity(usual.described.entity_id, at, { device_class: 'timestamp' });
      expect(await notified({ described, picture: entity(picture, at, {}) })).toEqual([notification({})]);
      expect(await notified({ picture: entity('sensor.none', at, {}) })).toEqual([notification({})]);
      expect(await notified({ described: entity('sensor.disabled', at, {}) })).toEqual([notification({})]);
    });

    test("has the address of the camera's newest picture if none is to be kept", async () => {
      expect(await notified({}, { folder: '' })).toEqual([
        notification({ image: '/api/image_proxy/image.porch_picture' }),
      ]);
    });

    test('has the picture alone while there is no description of the look yet', async () => {
      const trigger = { ...turned, last_changed: '2026-11-22T12:01:00.000Z' };
      const newer = entity(picture, trigger.last_changed, { id: newerId });
      expect(await notified({ picture: newer }, { trigger })).toEqual([
        expect.objectContaining({ action: 'image.snapshot' }),
        notification({ image: '/media/local/scenecast/porch_picture_9.jpg' }, 'There is no description yet.'),
      ]);
      expect(await notified({}, { trigger })).toEqual([notification({}, 'There is no description yet.')]);
    });

    test('words yes and no, and says so if no description is available', async () => {
      const description = entity(usual.description.entity_id, 'unavailable', {});
      const trigger = entity('binary_sensor.gate', 'on', { friendly_name: 'Gate open' });
      const calls = await notified({ description }, { trigger });
      expect(calls.at(-1)!.data).toMatchObject({
        title: 'Gate open: yes',
        message: 'There is no description yet.',
      });
      const [german] = await notified(
        { picture: entity('sensor.none', at, {}) },
        { trigger, word_yes: 'ja' },
      );
      expect(german!.data).toMatchObject({ title: 'Gate open: ja' });
    });
  },
);
