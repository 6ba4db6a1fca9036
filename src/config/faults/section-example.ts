import { sourceExample } from './type-words.ts';

const examples: Readonly<Record<string, string>> = {
  '': 'cameras: { porch: { source: { type: v4l2, device: /dev/video0 } } }',
  mqtt: '{ url: mqtt://127.0.0.1:1883 }',
  'mqtt.commands': '{ describe: true, restart: false }',
  store: '{ folder: /srv/scenecast }',
  'store.outbox': '{ max_age: 7d }',
  history: '{ max_age: 90d }',
  work: '{ pool: boards }',
  'work.sending': '{ pool: boards }',
  serve: '{ listen: 127.0.0.1:8481 }',
  web: '{ listen: 127.0.0.1:8480 }',
  'web.tls': '{ cert_file: board.crt, key_file: board.key }',
  model: '{ path: models/demo }',
  models: '{ quick: { path: smolvlm2-500m }, thorough: { path: llava-1.6-vicuna-7b } }',
  'models.quick': '{ path: smolvlm2-500m }',
  'models.thorough': '{ path: llava-1.6-vicuna-7b }',
  prompts: '{ default: Describe the scene. }',
  cameras: '{ porch: { source: { type: v4l2, device: /dev/video0 } } }',
  'cameras.*': '{ source: { type: v4l2, device: /dev/video0 } }',
  'cameras.*.questions': '{ gate_open: { ask: "Is the gate open?", type: boolean } }',
  'cameras.*.questions.*': '{ ask: "Is the gate open?", type: boolean }',
  'cameras.*.collect': '{ keep: 200, max_size: 64MiB }',
  'cameras.*.source.controls': '{ exposure: auto }',
};
const switched = /(^|\.)(gate|image|discovery|metrics)$/;

/** A section as it could be written at a path that has a plain value instead. */
export function sectionExample(path: readonly PropertyKey[], value: unknown): string {
  const place = path.map((key, index) => (path[0] === 'cameras' && index % 2 === 1 ? '*' : String(key)));
  const name = place.join('.');
  if (/\.source$/.test(name)) return sourceExample(String(value ?? ''));
  if (switched.test(name))
    return `{ enabled: ${value === false || /^(no|off|false)$/i.test(String(value)) ? 'false' : 'true'} }`;
  return examples[name] ?? '{ key: value }';
}
