import { z } from 'zod';

/*
 * What Home Assistant 2026.9 accepts as device discovery, for the platforms used here. Options and rules are those of
 * home-assistant/core: homeassistant/components/mqtt/schemas.py (device, origin, availability, common options),
 * sensor.py, binary_sensor.py, event.py, image.py, button.py, switch.py, number.py and select.py. There, an unknown option
 * is dropped silently; here it is refused, since it would be a mistake.
 */

const subscribeTopic = z.string().regex(/^[^+#]+$/);
const publishTopic = z.string().regex(/^[^+#]+$/);
const template = z.string().min(1);
const availabilityList = z.array(
  z.strictObject({
    topic: subscribeTopic,
    payload_available: z.string().optional(),
    payload_not_available: z.string().optional(),
    value_template: template.optional(),
  }),
);

const common = {
  unique_id: z.string().min(1),
  name: z.string().min(1).nullable(),
  availability: availabilityList.optional(),
  availability_mode: z.enum(['all', 'any', 'latest']).optional(),
  enabled_by_default: z.boolean().optional(),
  icon: z
    .string()
    .regex(/^[\w-]+:[\w-]+$/)
    .optional(),
  json_attributes_topic: subscribeTopic.optional(),
  json_attributes_template: template.optional(),
  qos: z.literal([0, 1, 2]).optional(),
  encoding: z.string().optional(),
};
const entityId = (platform: string) => z.string().regex(new RegExp(`^${platform}\\.[a-z0-9_]+$`));
const state = { state_topic: subscribeTopic, value_template: template.optional() };
const command = {
  command_topic: publishTopic,
  command_template: template.optional(),
  retain: z.boolean().optional(),
};
/** Sensors refuse the category `config`. */
const readCategory = z.literal('diagnostic').optional();
const category = z.enum(['config', 'diagnostic']).optional();

const sensorUnits: Readonly<Record<string, readonly string[]>> = {
  temperature: ['°C', '°F', 'K'],
  data_size: ['bit', 'kbit', 'Mbit', 'Gbit', 'B', 'kB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB'],
  duration: ['d', 'h', 'min', 's', 'ms', 'µs'],
};

const sensor = z
  .strictObject({
    platform: z.literal('sensor'),
    ...common,
    ...state,
    default_entity_id: entityId('sensor').optional(),
    entity_category: readCategory,
    device_class: z.enum(['enum', 'temperature', 'data_size', 'duration', 'timestamp']).optional(),
    state_class: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    unit_of_measurement: z.string().optional(),
    options: z.array(z.string()).min(1).optional(),
    expire_after: z.int().optional(),
    force_update: z.boolean().optional(),
    suggested_display_precision: z.int().optional(),
  })
  .refine(({ options, device_class }) => (options === undefined) === (device_class !== 'enum'), {
    error: 'options go with device_class enum',
  })
  .refine(
    ({ options, state_class, unit_of_measurement }) =>
      options === undefined || (state_class === undefined && unit_of_measurement === undefined),
    { error: 'options exclude state_class and unit_of_measurement' },
  )
  .refine(
    ({ device_class, state_class, unit_of_measurement }) =>
      device_class !== 'timestamp' || (state_class === undefined && unit_of_measurement === undefined),
    { error: 'a timestamp has no state_class and no unit' },
  )
  .refine(
    ({ device_class = '', unit_of_measurement }) =>
      sensorUnits[device_class]?.includes(unit_of_measurement ?? '') ?? true,
    { error: 'the unit is none of the device class' },
  );

const binarySensor = z.strictObject({
  platform: z.literal('binary_sensor'),
  ...common,
  ...state,
  default_entity_id: entityId('binary_sensor').optional(),
  entity_category: readCategory,
  device_class: z
    .enum(
      [
        'battery battery_charging carbon_monoxide cold connectivity door garage_door gas heat light lock moisture motion',
        'moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window',
      ].flatMap((line) => line.split(' ')),
    )
    .optional(),
  payload_on: z.string().optional(),
  payload_off: z.string().optional(),
  expire_after: z.int().optional(),
  force_update: z.boolean().optional(),
  off_delay: z.int().optional(),
});

const event = z.strictObject({
  platform: z.literal('event'),
  ...common,
  ...state,
  default_entity_id: entityId('event').optional(),
  entity_category: category,
  device_class: z.enum(['button', 'doorbell', 'motion']).optional(),
  event_types: z.array(z.string()),
});

const image = z.strictObject({
  platform: z.literal('image'),
  ...common,
  default_entity_id: entityId('image').optional(),
  entity_category: category,
  image_topic: subscribeTopic,
  image_encoding: z.enum(['b64', 'raw']).optional(),
  content_type: z.string().optional(),
});

const button = z.strictObject({
  platform: z.literal('button'),
  ...common,
  ...command,
  default_entity_id: entityId('button').optional(),
  entity_category: category,
  device_class: z.enum(['identify', 'restart', 'update']).optional(),
  payload_press: z.string().optional(),
});

const switchEntity = z.strictObject({
  platform: z.literal('switch'),
  ...common,
  ...command,
  ...state,
  default_entity_id: entityId('switch').optional(),
  entity_category: category,
  device_class: z.enum(['outlet', 'switch']).optional(),
  optimistic: z.boolean().optional(),
  payload_on: z.string().optional(),
  payload_off: z.string().optional(),
  state_on: z.string().optional(),
  state_off: z.string().optional(),
});

const number = z
  .strictObject({
    platform: z.literal('number'),
    ...common,
    ...command,
    ...state,
    default_entity_id: entityId('number').optional(),
    entity_category: category,
    device_class: z.literal('duration').optional(),
    unit_of_measurement: z.enum(['d', 'h', 'min', 's', 'ms']).optional(),
    min: z.number().default(0),
    max: z.number().default(100),
    step: z.number().min(0.001).optional(),
    mode: z.enum(['auto', 'box', 'slider']).optional(),
    optimistic: z.boolean().optional(),
    payload_reset: z.string().optional(),
  })
  .refine(({ min, max }) => min <= max, { error: 'min is above max' });

const select = z.strictObject({
  platform: z.literal('select'),
  ...common,
  ...command,
  ...state,
  default_entity_id: entityId('select').optional(),
  entity_category: category,
  options: z.array(z.string()),
  optimistic: z.boolean().optional(),
});

/** A component with only its platform is removed. */
const removal = z.strictObject({ platform: z.string() });

export const discoverySchema = z.strictObject({
  device: z
    .strictObject({
      identifiers: z.array(z.string()).min(1),
      connections: z.array(z.tuple([z.string(), z.string()])).optional(),
      name: z.string().optional(),
      manufacturer: z.string().optional(),
      model: z.string().optional(),
      model_id: z.string().optional(),
      hw_version: z.string().optional(),
      sw_version: z.string().optional(),
      serial_number: z.string().optional(),
      suggested_area: z.string().optional(),
      configuration_url: z.url().optional(),
      via_device: z.string().optional(),
    })
    .describe('At least one identifier'),
  origin: z.strictObject({
    name: z.string(),
    sw_version: z.string().optional(),
    support_url: z.url().optional(),
  }),
  components: z.record(
    // Home Assistant joins device id and key with a space.
    z.string().regex(/^\S+$/),
    z.union([
      removal,
      z.discriminatedUnion('platform', [
        sensor,
        binarySensor,
        event,
        image,
        button,
        switchEntity,
        number,
        select,
      ]),
    ]),
  ),
  availability: availabilityList.optional(),
  availability_mode: z.enum(['all', 'any', 'latest']).optional(),
  qos: z.literal([0, 1, 2]).optional(),
});
