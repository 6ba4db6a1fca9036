const sourceWords: Readonly<Record<string, string>> = {
  ffmpeg:
    'rtsp rtsps rtmp onvif hls stream video ip ipcam ipcamera netcam network go2rtc generic flv mp4 reolink frigate',
  http: 'https mjpeg mjpg jpeg jpg snapshot snapshots web url esphome esp32 motionjpeg',
  v4l2: 'usb webcam v4l uvc video4linux videodevice device csi picamera picamera2 rpicam libcamera camera local',
  still: 'file files folder picture pictures image images photo photos dir directory path',
  scene: 'test drawn demo fake dummy mock',
};

const questionWords: Readonly<Record<string, string>> = {
  boolean: 'bool binary yesno switch',
  integer: 'int number numeric count float',
  enum: 'choice choices select options list',
  text: 'free freetext words none',
  string: 'str short',
};

const addressKeys: Readonly<Record<string, string>> = {
  ffmpeg: 'with the address in input',
  http: 'with the address in url',
  v4l2: 'with the path in device',
  still: 'with the file or folder in path',
};

/** The type of a source that other programs call so, and where its address goes; null: not known. */
export function sourceTypeRemedy(word: string): string | null {
  const type = typeOf(word, sourceWords);
  if (type === undefined) return null;
  return `use type: ${[type, addressKeys[type]].filter((part) => part !== undefined).join(', ')}`;
}

/** Like {@link sourceTypeRemedy}, of a question. */
export function questionTypeRemedy(word: string): string | null {
  const type = typeOf(word, questionWords);
  return type === undefined ? null : `use type: ${type}`;
}

function typeOf(word: string, words: Readonly<Record<string, string>>): string | undefined {
  const name = word.toLowerCase().replace(/[-_ ]/g, '');
  return Object.keys(words).find((each) => each === name || words[each]!.split(' ').includes(name));
}

/** The type of a source that has none; null: its keys do not say. */
export function sourceTypeOf(source: object): string | null {
  const addresses = Object.values(source).filter((value) => typeof value === 'string');
  if (addresses.some((value) => /^rtsps?:/i.test(value))) return 'ffmpeg';
  const byKey = {
    device: 'v4l2',
    input: 'ffmpeg',
    url: 'http',
    path: 'still',
    seed: 'scene',
    every: 'scene',
  };
  return Object.entries(byKey).find(([key]) => key in source)?.[1] ?? null;
}

/** A source as it should be written in place of a word. Never with the word itself if it may be an address. */
export function sourceExample(word: string): string {
  if (/^rtsps?:/i.test(word)) return '{ type: ffmpeg, input: rtsp://... }';
  if (/^https?:/i.test(word)) return '{ type: http, url: http://... }';
  if (/^\/dev\//.test(word)) return '{ type: v4l2, device: /dev/video0 }';
  if (/^[~.]?\//.test(word)) return '{ type: still, path: /srv/pictures }';
  const type = /^use type: (\w+)/.exec(sourceTypeRemedy(word) ?? '')?.[1];
  switch (type) {
    case 'scene':
      return '{ type: scene }';
    case 'ffmpeg':
      return '{ type: ffmpeg, input: rtsp://192.168.1.20:554/stream1 }';
    case 'http':
      return '{ type: http, url: http://192.168.1.22/snapshot.jpg }';
    case 'still':
      return '{ type: still, path: /srv/pictures }';
    default:
      return '{ type: v4l2, device: /dev/video0 }';
  }
}
