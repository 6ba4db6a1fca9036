import { z } from 'zod';

/*
 * What Home Assistant 2026.9 accepts as blueprint, automation, script and dashboard, as far as docs/home-assistant uses it:
 * https://www.home-assistant.io/docs/blueprint/schema/ and .../selectors/, .../docs/automation/trigger/, .../docs/scripts/,
 * .../actions/<action>/ and .../dashboards/<card>/. Unknown keys are refused there too; in cards they are mistakes.
 */

const entityId = z.string().regex(/^[a-z_]+\.[a-z0-9_]+$/);
const entityOf = (domain: string) => z.string().regex(new RegExp(`^${domain}\\.[a-z0-9_]+$`));
const icon = z.string().regex(/^mdi:[a-z0-9-]+$/);
/** One, or a list; an input that is left empty is an empty list. */
const oneOrMore = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item)]);
const template = z.string().regex(/\{\{/);
const duration = z.union([
  z.string().regex(/^\d\d:\d\d:\d\d$/),
  z.strictObject({
    days: z.number().optional(),
    hours: z.number().optional(),
    minutes: z.number().optional(),
    seconds: z.number().optional(),
    milliseconds: z.number().optional(),
  }),
]);
const mode = {
  mode: z.enum(['single', 'restart', 'queued', 'parallel']).optional(),
  max: z.int().min(2).optional(),
};
/** Templates and literals, nested. */
const variables = z.record(z.string(), z.unknown());

const selector = z.union([
  z.strictObject({ text: z.null() }),
  z.strictObject({ duration: z.null() }),
  z.strictObject({ select: z.strictObject({ options: z.array(z.string()).min(1) }) }),
  z.strictObject({
    entity: z.strictObject({
      multiple: z.boolean().optional(),
      filter: z.array(
        z.strictObject({
          integration: z.string().optional(),
          domain: oneOrMore(z.string()).optional(),
          device_class: oneOrMore(z.string()).optional(),
        }),
      ),
    }),
  }),
  z.strictObject({
    device: z.strictObject({
      multiple: z.boolean().optional(),
      filter: z.array(
        z.strictObject({
          integration: z.string().optional(),
          manufacturer: z.string().optional(),
          model: z.string().optional(),
        }),
      ),
    }),
  }),
]);

const inputName = z.string().regex(/^[a-z_]+$/);
const input = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  selector: selector.optional(),
});

/** The head of a blueprint, under `blueprint:`. */
export const blueprintSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  domain: z.enum(['automation', 'script']),
  author: z.string().optional(),
  source_url: z.url().optional(),
  homeassistant: z.strictObject({ min_version: z.string().regex(/^\d+\.\d+\.\d+$/) }).optional(),
  input: z.record(
    inputName,
    z.union([
      input,
      z
        .strictObject({
          name: z.string().optional(),
          icon: icon.optional(),
          description: z.string().optional(),
          collapsed: z.boolean().optional(),
          input: z.record(inputName, input),
        })
        .refine(
          ({ collapsed, input }) =>
            collapsed !== true || Object.values(input).every((item) => 'default' in item),
          { error: 'inputs in a collapsed section need a default' },
        ),
    ]),
  ),
});

const trigger = z.discriminatedUnion('trigger', [
  z
    .strictObject({
      trigger: z.literal('state'),
      entity_id: oneOrMore(entityId),
      from: oneOrMore(z.string()).optional(),
      not_from: oneOrMore(z.string()).optional(),
      to: oneOrMore(z.string()).optional(),
      not_to: oneOrMore(z.string()).optional(),
      for: duration.optional(),
    })
    .refine(({ from, not_from }) => from === undefined || not_from === undefined, {
      error: 'from and not_from exclude each other',
    })
    .refine(({ to, not_to }) => to === undefined || not_to === undefined, {
      error: 'to and not_to exclude each other',
    }),
  z.strictObject({
    trigger: z.literal('mqtt'),
    topic: z.string(),
    payload: z.string().optional(),
    value_template: z.string().optional(),
    qos: z.literal([0, 1, 2]).optional(),
  }),
  z.strictObject({ trigger: z.literal('conversation'), command: oneOrMore(z.string()) }),
]);

const condition = z.strictObject({
  alias: z.string().optional(),
  condition: z.literal('template'),
  value_template: z.string(),
});

const step = { alias: z.string().optional(), enabled: z.boolean().optional() };
const waiting = { timeout: duration.optional(), continue_on_timeout: z.boolean().optional() };
const call = <Data extends z.ZodType>(action: string, domain: string | null, data: Data) =>
  z.strictObject({
    ...step,
    action: z.literal(action),
    continue_on_error: z.boolean().optional(),
    response_variable: z.string().optional(),
    ...(domain === null
      ? {}
      : { target: z.strictObject({ entity_id: z.union([oneOrMore(entityOf(domain)), template]) }) }),
    data,
  });

const actionCall = z.discriminatedUnion('action', [
  call('image.snapshot', 'image', z.strictObject({ filename: z.string() })),
  call(
    'tts.speak',
    'tts',
    z.strictObject({
      media_player_entity_id: oneOrMore(entityOf('media_player')),
      message: z.string(),
      cache: z.boolean().optional(),
      language: z.string().optional(),
      options: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  call(
    'assist_satellite.announce',
    'assist_satellite',
    z.strictObject({ message: z.string(), preannounce: z.boolean().optional() }),
  ),
  call(
    'mqtt.publish',
    null,
    z.strictObject({
      topic: z.string(),
      payload: z.string().optional(),
      qos: z.literal([0, 1, 2]).optional(),
      retain: z.boolean().optional(),
    }),
  ),
  call('script.turn_on', 'script', z.strictObject({ variables: variables.optional() })),
]);

const action: z.ZodType = z.lazy(() =>
  z.union([
    actionCall,
    z.strictObject({ ...step, variables }),
    z.strictObject({ ...step, wait_template: z.string(), ...waiting }),
    z.strictObject({ ...step, wait_for_trigger: z.array(trigger).min(1), ...waiting }),
    // biome-ignore lint/suspicious/noThenProperty: Home Assistant's name
    z.strictObject({ ...step, if: z.array(condition).min(1), then: actions, else: actions.optional() }),
    z.strictObject({ ...step, parallel: z.array(action).min(2) }),
    z.strictObject({ ...step, sequence: actions }),
    z.strictObject({ ...step, delay: duration }),
    z.strictObject({ ...step, stop: z.string(), response_variable: z.string().optional() }),
    z.strictObject({ ...step, set_conversation_response: z.string() }),
    // The device action of the companion app.
    z.strictObject({
      ...step,
      domain: z.literal('mobile_app'),
      type: z.literal('notify'),
      device_id: z.string(),
      title: z.string().optional(),
      message: z.string(),
      data: z.union([z.string(), variables]).optional(),
    }),
  ]),
);
const actions = z.array(action).min(1);

export const automationSchema = z.strictObject({
  alias: z.string().optional(),
  description: z.string().optional(),
  ...mode,
  triggers: z.array(trigger).min(1),
  conditions: z.array(condition).optional(),
  variables: variables.optional(),
  actions,
});

export const scriptSchema = z.strictObject({
  alias: z.string().optional(),
  description: z.string().optional(),
  icon: icon.optional(),
  ...mode,
  fields: z
    .record(
      z.string().regex(/^[a-z_]+$/),
      z.strictObject({
        name: z.string().optional(),
        description: z.string().optional(),
        required: z.boolean().optional(),
        example: z.string().optional(),
        default: z.unknown().optional(),
        selector: selector.optional(),
      }),
    )
    .optional(),
  variables: variables.optional(),
  sequence: actions,
});

const named = { name: z.string().optional(), icon: icon.optional() };
const graphed = z.strictObject({ entity: entityId, name: z.string().optional() });
const stateContent = oneOrMore(z.string()).optional();

/** A dashboard's card. */
export const cardSchema: z.ZodType = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('heading'),
      heading: z.string(),
      heading_style: z.enum(['title', 'subtitle']).optional(),
      icon: icon.optional(),
      badges: z
        .array(
          z.strictObject({
            type: z.literal('entity'),
            entity: entityId,
            ...named,
            show_state: z.boolean().optional(),
            show_icon: z.boolean().optional(),
            color: z.string().optional(),
            state_content: stateContent,
          }),
        )
        .optional(),
    }),
    z.strictObject({
      type: z.literal('picture-entity'),
      entity: entityOf('(camera|image|person)'),
      name: z.string().optional(),
      show_name: z.boolean().optional(),
      show_state: z.boolean().optional(),
      fit_mode: z.enum(['cover', 'contain', 'fill']).optional(),
      aspect_ratio: z.string().optional(),
    }),
    z.strictObject({
      type: z.literal('markdown'),
      content: z.string(),
      title: z.string().optional(),
      entity_id: oneOrMore(entityId).optional(),
      text_only: z.boolean().optional(),
    }),
    z.strictObject({
      type: z.literal('tile'),
      entity: entityId,
      ...named,
      color: z.string().optional(),
      vertical: z.boolean().optional(),
      hide_state: z.boolean().optional(),
      state_content: stateContent,
    }),
    z.strictObject({
      type: z.literal('history-graph'),
      title: z.string().optional(),
      hours_to_show: z.int().min(1).optional(),
      // The card draws up to eight.
      entities: z
        .array(z.union([entityId, graphed]))
        .min(1)
        .max(8),
    }),
    z.strictObject({
      type: z.literal('logbook'),
      title: z.string().optional(),
      hours_to_show: z.int().min(1).optional(),
      target: z.strictObject({ entity_id: oneOrMore(entityId) }),
    }),
    z.strictObject({
      type: z.literal('vertical-stack'),
      title: z.string().optional(),
      cards: z.array(cardSchema).min(1),
    }),
  ]),
);

export const dashboardSchema = z.strictObject({
  title: z.string().optional(),
  views: z
    .array(
      z.strictObject({
        title: z.string().optional(),
        path: z
          .string()
          .regex(/^[a-z][a-z0-9_-]*$/)
          .optional(),
        icon: icon.optional(),
        type: z.literal('sections'),
        max_columns: z.int().min(1).optional(),
        sections: z
          .array(z.strictObject({ type: z.literal('grid'), cards: z.array(cardSchema).min(1) }))
          .min(1),
      }),
    )
    .min(1),
});
