import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { Daemon } from '../../tools/test/daemon.ts';
import { runScript } from '../../tools/test/home-assistant-script.ts';
import { entityStates } from '../../tools/test/home-assistant-states.ts';
import { parseHomeAssistantYaml, templatesIn, withInputs } from '../../tools/test/home-assistant-yaml.ts';
import { JinjaProcess, jinjaLacks } from '../../tools/test/jinja.ts';
import { startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { until } from '../../tools/test/until.ts';

/*
 * The files of docs/home-assistant on what a daemon publishes, which runs the config of the page with a drawn scene as its
 * camera. Home Assistant's part is played by tools/test/home-assistant-states.ts and home-assistant-script.ts.
 */

const folder = join(import.meta.dirname, '../../docs/home-assistant');
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
const lacks = jinjaLacks();

test.skipIf(lacks !== null)(
  `every file works on what a daemon publishes${lacks === null ? '' : ` (skipped: needs Debian's ${lacks})`}`,
  async () => {
    const { url } = await startBroker();
    const jinja = JinjaProcess.start();
    onTestFinished(() => jinja.close());
    const homeAssistant = await subscribe(url);
    new Daemon(configOfPage(url));
    const has = (topic: string, text: string): boolean =>
      homeAssistant.received.some((message) => message.topic === topic && message.payload.includes(text));
    const isAnnounced = () =>
      homeAssistant.received.some(
        ({ topic, payload }) => topic.startsWith('homeassistant/') && payload.includes('answer_weather'),
      );
    await until(
      () =>
        has('scenecast/workshop/porch/answer/weather', 'value') &&
        has('scenecast/workshop/health', 'p50') &&
        isAnnounced(),
      120_000,
    );
    const description = homeAssistant.json('scenecast/workshop/porch/description').at(-1);

    const states = await entityStates(homeAssistant.received, jinja);
    const stateOf = (entity: string) => states.find(({ entity_id }) => entity_id === entity)!;
    const announced = new Set(states.map(({ entity_id }) => entity_id));
    // Boards have a sensor for it; this machine may have none.
    announced.add('sensor.workshop_health_temperature');
    for (const name of ['dashboard.yaml', 'answers-history-card.yaml'])
      expect(
        [...entitiesIn(textOf(name))].filter((entity) => !announced.has(entity)),
        name,
      ).toEqual([]);

    const [markdown, ...others] = templatesIn(parseHomeAssistantYaml(textOf('dashboard.yaml')));
    expect(others).toEqual([]);
    expect(await jinja.render({ template: markdown!, states })).toMatch(
      new RegExp(`^${description.description}\n\n\\*\\d+ seconds ago\\*$`),
    );

    // Text, even if it reads as a link or a tag: it may be what the camera sees on a sign.
    const sign = { description: 'a sign "[win](https://example.org) <b>now</b>"' };
    const withSign = states.map((entity) =>
      entity.entity_id === 'sensor.workshop_porch_description' ? { ...entity, attributes: sign } : entity,
    );
    expect(await jinja.render({ template: markdown!, states: withSign })).toMatch(
      /^a sign "&#91;win\]\(https:\/\/example\.org\) &lt;b>now&lt;\/b>"\n/,
    );

    const gate = 'binary_sensor.workshop_porch_answer_gate_open';
    expect(stateOf(gate).state).toBe(description.answers.gate_open ? 'on' : 'off');
    const { variables, actions } = withInputs(
      parseHomeAssistantYaml(textOf('notify-when-an-answer-turns.yaml')),
      {
        answer: gate,
        phone: 'a-phone',
      },
    );
    const notified = await runScript(
      [{ variables }, ...actions],
      { trigger: { to_state: stateOf(gate) } },
      { states: () => states, jinja },
    );
    expect(notified.calls).toEqual([
      {
        action: 'image.snapshot',
        data: {
          entity_id: 'image.workshop_porch_image',
          filename: expect.stringMatching(/^\/media\/scenecast\/workshop_porch_image_\w\.jpg$/),
        },
      },
      {
        action: 'mobile_app.notify',
        data: {
          device_id: 'a-phone',
          title: expect.stringMatching(/gate open: (yes|no)$/i),
          message: description.summary,
          data: {
            image: expect.stringMatching(/^\/media\/local\/scenecast\/workshop_porch_image_\w\.jpg$/),
          },
        },
      },
    ]);

    const ask = async (camera: string, kind: string) => {
      const script = withInputs(parseHomeAssistantYaml(textOf('ask-and-speak.yaml')), {
        board: 'workshop',
        camera,
        voice: 'tts.piper',
        speaker: 'media_player.kitchen',
        satellite: 'assist_satellite.hall',
      });
      const question = 'Is there a "red" circle?';
      return await runScript(
        script.sequence,
        { ...script.variables, question, kind },
        {
          states: () => states,
          publish: (topic, payload) => homeAssistant.client.publishAsync(topic, payload, { qos: 1 }),
          nextMessage: async (topic, isWanted) => {
            const messages = () => homeAssistant.received.filter((message) => message.topic === topic);
            for (let index = messages().length; ; index++) {
              await until(() => messages().length > index, 60_000);
              const { payload } = messages()[index]!;
              if (await isWanted(payload)) return payload;
            }
          },
          jinja,
        },
      );
    };
    const asked = await ask('porch', 'boolean');
    const [{ data }] = homeAssistant.json('scenecast/workshop/response/ask');
    const answer = data.value ? 'Yes.' : 'No.';
    const message = `Is there a "red" circle? ${answer}`;
    expect(asked.response).toEqual({ question: 'Is there a "red" circle?', answer });
    expect(asked.calls).toEqual([
      {
        action: 'mqtt.publish',
        data: expect.objectContaining({ topic: 'scenecast/workshop/request/ask', qos: 1 }),
      },
      {
        action: 'tts.speak',
        data: { entity_id: 'tts.piper', media_player_entity_id: 'media_player.kitchen', message },
      },
      {
        action: 'assist_satellite.announce',
        data: { entity_id: 'assist_satellite.hall', message },
      },
    ]);
    expect((await ask('garden', 'text')).response).toMatchObject({
      answer: expect.stringMatching(/^That failed: .*garden/),
    });
  },
  300_000,
);

/** The config in the page, with a drawn scene as its camera. */
function configOfPage(url: string): object {
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(textOf('README.md'))!;
  const config = parse(text!);
  config.mqtt.url = url;
  config.health_interval = '1s';
  config.cameras.porch.source = { type: 'scene', seed: 900_000, size: '336x336', every: '500ms' };
  return config;
}

/** The ids of entities that a file names. */
function entitiesIn(text: string): Set<string> {
  return new Set(
    text.match(/\b(?:binary_sensor|button|event|image|number|select|sensor|switch)\.\w+/g) ?? [],
  );
}
