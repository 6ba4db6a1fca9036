import { type Channel, contract } from '../../src/contract/contract.ts';
import { maxCommandBytes } from '../../src/contract/requests.ts';
import { jsonSchemas, propertiesNames, schemaPrefix } from './json-schemas.ts';

const parameters: Readonly<Record<string, string>> = {
  device: "`device` of the config file; default: the machine's host name",
  camera: 'The name of a camera in the config file',
  question: 'The name of a standing question of the camera',
  pool: '`work.pool` of the config file',
};

/** The contract as an AsyncAPI 3.0 document. */
export function asyncapiDocument(): object {
  const channels: readonly (readonly [string, Channel])[] = Object.entries(contract);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Scenecast',
      version: '1.0.0',
      description:
        "What Scenecast publishes and takes over MQTT. `send` and `receive` are Scenecast's side. " +
        `Commands are JSON of at most ${maxCommandBytes} bytes; retained ones are ignored.`,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(channels.map(([name, channel]) => [name, channelObject(name, channel)])),
    operations: Object.fromEntries(channels.map(([name, channel]) => operationOf(name, channel))),
    components: {
      schemas: jsonSchemas(),
      messages: Object.assign({}, ...channels.map(([name, channel]) => messagesOf(name, channel))),
    },
  };
}

function channelObject(name: string, channel: Channel): object {
  const levels = [...channel.address.matchAll(/\{(\w+)\}/g)].map(([, level]) => level!);
  const messages = Object.keys(messagesOf(name, channel));
  return {
    address: channel.address,
    description: channel.summary,
    messages: Object.fromEntries(
      messages.map((message) => [message, { $ref: `#/components/messages/${message}` }]),
    ),
    ...(levels.length > 0 && {
      parameters: Object.fromEntries(levels.map((level) => [level, { description: parameters[level]! }])),
    }),
  };
}

/** An MQTT 5 caller may name another place for the reply; AsyncAPI allows either that or the channel, not both. */
function operationOf(name: string, channel: Channel): [string, object] {
  const action = channel.direction === 'out' ? 'send' : 'receive';
  const operation = {
    action,
    channel: { $ref: `#/channels/${name}` },
    summary: channel.summary,
    bindings: { mqtt: { qos: channel.qos, retain: channel.retain, bindingVersion: '0.2.0' } },
    ...(channel.reply && { reply: { channel: { $ref: `#/channels/${channel.reply}` } } }),
  };
  return [`${action}${name.charAt(0).toUpperCase()}${name.slice(1)}`, operation];
}

function messagesOf(name: string, { payload, files = [], properties }: Channel): Record<string, object> {
  const messages: Record<string, object> = {};
  if (payload) messages[name] = { payload: { $ref: `${schemaPrefix}${name}` } };
  for (const contentType of files) {
    messages[`${name}-${contentType.replace('image/', '')}`] = {
      contentType,
      payload: { type: 'string', format: 'binary' },
      ...(properties && { headers: { $ref: `${schemaPrefix}${propertiesNames.get(properties)}` } }),
    };
  }
  return messages;
}
