/** Keys that other programs have (Frigate, motionEye, go2rtc, Home Assistant, Zigbee2MQTT), and ours in their place. */
type Entries = readonly (readonly [names: string, remedy: string])[];

const useless = 'remove it: Scenecast has no such setting';
const password = 'use password_file: the path of a file whose first line is the password';

const mqtt: Entries = [
  ['host hostname server broker address ip uri', 'use url, as in url: mqtt://192.168.1.10:1883'],
  ['port', 'it belongs in url, as in url: mqtt://192.168.1.10:1883'],
  ['user login mqttuser', 'use username'],
  ['password pass passwd pw mqttpassword', password],
  ['tls ssl usetls usessl', 'use an address that begins with mqtts://, as in url: mqtts://broker.lan:8883'],
  ['ca cacert tlscacerts cafile certificateauthority', 'use ca_file'],
  ['cert clientcert tlsclientcert', 'use cert_file'],
  ['key clientkey tlsclientkey', 'use key_file'],
  ['insecure tlsinsecure rejectunauthorized', 'use ca_file: the certificate of the authority to trust'],
  ['topic topicprefix basetopic prefix', 'topics begin with scenecast/<device>; set device at the top level'],
  ['clientid', 'remove it: the client id is made from device'],
  ['discoveryprefix discoverytopic', 'use discovery: { prefix: homeassistant }'],
  ['homeassistant', 'use discovery: { enabled: true }'],
  ['enabled qos retain statsinterval cleansession protocol version', useless],
];

const streamAddress = 'rtsp rtspurl stream streamsource streamurl src uri netcamurl inputs';
const pictureAddress = 'mjpegurl stillimageurl snapshot snapshoturl image';
const extras =
  'ffmpeg hwaccel hwaccelargs inputargs outputargs roles audio record onvif live ptz webcontrol codec verifyssl';

/** By the source's type. */
const sources: Readonly<Record<string, Entries>> = {
  ffmpeg: [
    [`url ${streamAddress}`, 'use input, as in input: rtsp://192.168.1.20:554/stream1'],
    [pictureAddress, 'for pictures and motion JPEG use type: http, with url'],
    ['path file folder', 'use input: it takes the path of a video file or of a folder of them'],
    ['host hostname ip address port', 'it belongs in input, as in input: rtsp://192.168.1.20:554/stream1'],
    ['protocol rtsptransport', 'use transport: tcp or udp'],
  ],
  http: [
    [`input ${pictureAddress} ${streamAddress}`, 'use url, as in url: http://192.168.1.22/snapshot.jpg'],
    ['host hostname ip address port', 'it belongs in url, as in url: http://192.168.1.22/snapshot.jpg'],
    ['verifyssl insecure', "use tls_fingerprint: the SHA-256 of the camera's certificate"],
    ['authentication auth', 'remove it: Basic and Digest are recognised'],
  ],
  still: [['url input file folder image source', 'use path: a picture file or a folder of them']],
  v4l2: [
    ['path input url videodevice index id', 'use device, as in device: /dev/video0'],
    ['fps framerate', 'use rate'],
    ['brightness contrast exposure gain focus whitebalance', 'it belongs in controls'],
    ['pixelformat inputformat', 'use format'],
  ],
  scene: [],
};

const anySource: Entries = [
  ['user login', 'use username'],
  ['password pass passwd pw', password],
  ['width height resolution', 'use size, as in size: 1280x720'],
  ['rotate orientation', 'use rotation: 0, 90, 180 or 270'],
  ['mirror hflip vflip', 'use flip'],
  ['timeout', 'use frame_timeout'],
  ['fps framerate interval', "the camera's interval, beside source, says how often it is looked at"],
  [extras, useless],
];

const camera: Entries = [
  [
    `ffmpeg go2rtc url input host hostname ip address port path device videodevice type ${streamAddress}`,
    'it belongs in source, as in source: { type: ffmpeg, input: rtsp://192.168.1.20:554/stream1 }',
  ],
  [
    pictureAddress,
    'it belongs in source, as in source: { type: http, url: http://192.168.1.22/snapshot.jpg }',
  ],
  ['user login username', 'it belongs in source, as username'],
  ['password pass passwd pw passwordfile', 'it belongs in source, as password_file'],
  [
    'question ask',
    'use questions, as in questions: { gate_open: { ask: "Is the gate open?", type: boolean } }',
  ],
  ['motion detect motiondetection', 'use gate'],
  ['mask masks zone zones', 'use privacy (zones painted black), or ignore in gate (changes ignored)'],
  ['fps framerate scaninterval every', 'use interval'],
  ['snapshots picture', 'use image'],
  ['friendlyname title label displayname description', 'use name'],
  ['rotate width height resolution', 'it belongs in source, as rotation or size'],
  ['enabled disabled', 'remove the camera, or pause it over MQTT'],
  [`objects bestimagetimeout birdseye review ${extras}`, useless],
];

const top: Entries = [
  ['camera cams', 'use cameras, as in cameras: { porch: { source: ... } }'],
  ['ffmpeg go2rtc streams', "the address of a stream belongs in its camera's source"],
  ['broker', 'use mqtt'],
  ['logger log logging loglevel', 'use log_level'],
  ['hostname clientname', 'use device'],
  ['friendlyname title label displayname', 'use name'],
  ['prompt', 'use prompts, as in prompts: { default: Describe the scene. }'],
  ['llm vlm', 'use model'],
  ['homeassistant', 'use discovery in mqtt'],
  [
    'interval source questions gate privacy image',
    'it belongs in each camera; to share it, see merge keys in config.example.yaml',
  ],
  [
    'detectors record snapshots objects birdseye ui auth tls database version motion detect semanticsearch genai',
    useless,
  ],
];

const model: Entries = [
  ['name model file repo id', 'use path'],
  ['ctx nctx ctxsize contextlength numctx', 'use context_size'],
  ['maxnewtokens npredict numpredict', 'use max_tokens'],
  ['template', 'use chat_template'],
  ['nthreads numthread', 'use threads'],
  ['ngpulayers gpu device', useless],
];

const question: Entries = [
  ['question text prompt q', 'use ask'],
  ['options choices enum', 'use values'],
  ['maxlen length', 'use max_length'],
  ['friendlyname title label displayname', 'use name'],
];

const token = 'use token_file: the path of a file whose first line is the token';

const engine: Entries = [
  ['token apikey key password secret', token],
  ['host hostname ip address server baseurl endpoint port', 'use url, as in url: http://192.168.1.5:8080'],
  ['timeout', 'use deadline'],
  ['name', 'use model'],
];

const serve: Entries = [
  ['token apikey key password secret', token],
  ['host hostname ip address port bind url', 'use listen, as in listen: 127.0.0.1:8481'],
  ['enabled', 'remove it: listen: null is off'],
];

const web: Entries = [
  ['password', 'use password_hash: what scenecast password prints'],
  ['passwordfile', 'use password_hash_file: a file whose first line is what scenecast password prints'],
  ['user users username login auth', 'remove it: there is a password and no user name (password_hash)'],
  ['host hostname ip address port bind url', 'use listen, as in listen: 127.0.0.1:8480'],
  ['enabled', 'remove it: listen: null is off'],
  ['cert certfile certificate ssl https', 'use tls, as in tls: { cert_file: x.crt, key_file: x.key }'],
  ['key keyfile', 'use tls, as in tls: { cert_file: x.crt, key_file: x.key }'],
  ['prometheus', 'use metrics, as in metrics: { enabled: true }'],
];

/** What to use in place of a key of another program at a path of the config; null: it is of none that is known here. */
export function foreignKeyRemedy(path: readonly PropertyKey[], key: string, type: unknown): string | null {
  const name = key.toLowerCase().replace(/[-_ ]/g, '');
  const entry = entriesAt(path, type).find(([names]) => names.split(' ').includes(name));
  return entry?.[1] ?? null;
}

function entriesAt(path: readonly PropertyKey[], type: unknown): Entries {
  const [section, , part] = path;
  const place = `${String(section ?? '')} ${String(part ?? '')} ${path.length}`;
  switch (place) {
    case '  0':
      return top;
    case 'mqtt  1':
      return mqtt;
    case 'model  1':
    case 'models  2':
      return model;
    case 'engine  1':
      return engine;
    case 'serve  1':
      return serve;
    case 'web  1':
      return web;
    case 'cameras  2':
      return camera;
    case 'cameras source 3':
      return [...(sources[String(type)] ?? sources['ffmpeg']!), ...anySource];
    case 'cameras questions 4':
      return question;
    default:
      return [];
  }
}
