import { AnsweringCamera } from '../camera/answering-camera.ts';
import { FfmpegCamera } from '../camera/ffmpeg.ts';
import { inputKind } from '../camera/ffmpeg-command.ts';
import { HttpCamera } from '../camera/http.ts';
import { nativeJpegBlocks } from '../camera/jpeg-blocks.ts';
import { SceneCamera } from '../camera/scene.ts';
import { StillCamera } from '../camera/still.ts';
import { V4l2Camera } from '../camera/v4l2.ts';
import { hoursRangesOf } from '../config/hours-schema.ts';
import { lookUp } from '../config/paths.ts';
import { rulesOf } from '../config/rule-schema.ts';
import type { CameraConfig, Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { CameraAim } from '../domain/camera-aim.ts';
import type { CameraSettings } from '../domain/camera-settings.ts';
import { describingRole } from '../domain/model-role.ts';
import { AimedGate } from '../gate/aimed-gate.ts';
import { MaskedCamera } from '../gate/masked-camera.ts';
import { SceneGate } from '../gate/scene-gate.ts';
import type { CameraTask } from '../pipeline/camera-task.ts';
import type { Camera, Log } from '../pipeline/ports.ts';
import { lookUpSecret } from '../setup/look-up-secret.ts';

/**
 * Builds one camera of the config, with its gate and questions.
 * @param settingsNow its current settings, which may change
 * @param aimNow its current zones and sensitivity, likewise; the same object until they do
 * @param folder where relative paths are looked up
 */
export function createCameraTask(
  name: string,
  config: Config,
  settingsNow: () => CameraSettings,
  folder: string,
  log: Log,
  aimNow: () => CameraAim = constantAim(config.cameras[name]!),
): CameraTask {
  const camera = config.cameras[name]!;
  const { gate, hours } = camera;
  const maxAnswerMs = maxAnswerMsOf(camera);
  const bare = new AnsweringCamera(cameraOf(name, camera, settingsNow, folder, log), maxAnswerMs);
  return {
    camera: new MaskedCamera(bare, () => aimNow().privacy),
    gate: gate.enabled ? new AimedGate(aimNow, (aim) => gateOf(camera, aim, log)) : null,
    settings: settingsNow(),
    hours: hours && { ranges: hoursRangesOf(hours), location: config.location },
    minIntervalMs: gate.enabled ? gate.min_interval : null,
    maxIntervalMs: gate.max_interval,
    staleAfterMs: camera.stale_after,
    // The camera's own limit comes first; the gate takes time too.
    maxLookMs: maxAnswerMs + 60_000,
    questions: questionsOf(camera.questions),
    rules: rulesOf(camera),
    asksChange: camera.change,
    ...(config.models && { model: camera.model ?? describingRole }),
  };
}

function cameraOf(
  name: string,
  { source }: CameraConfig,
  settingsNow: () => CameraSettings,
  folder: string,
  log: Log,
): Camera {
  switch (source.type) {
    case 'scene':
      return new SceneCamera(name, { ...source, everyMs: source.every });
    case 'still':
      return new StillCamera(name, lookUp(source.path, folder));
    case 'v4l2':
      return new V4l2Camera(
        name,
        { ...source, path: source.device, frameTimeoutMs: source.frame_timeout },
        log,
      );
    case 'http':
      return new HttpCamera(name, {
        url: source.url,
        username: source.username,
        passwordFile: fileOf(source.password_file, folder),
        caFile: fileOf(source.ca_file, folder),
        fingerprint: source.tls_fingerprint,
        rotation: source.rotation,
        size: source.size,
        stallMs: source.frame_timeout,
        log,
      });
    case 'ffmpeg':
      return new FfmpegCamera(name, {
        input: inputKind(source.input) === 'path' ? lookUp(source.input, folder) : source.input,
        transport: source.transport,
        username: source.username,
        passwordFile: fileOf(source.password_file, folder),
        rotation: source.rotation,
        size: source.size,
        intervalMs: () => settingsNow().intervalMs,
        stallMs: source.frame_timeout,
        log,
      });
  }
}

function fileOf(path: string | null, folder: string): string | null {
  return path && lookUpSecret(path, folder);
}

/** Longer than any camera takes: ffmpeg may need several tries to open, each as long as a stall, a V4L2 camera a minute. */
function maxAnswerMsOf({ source }: CameraConfig): number {
  return 120_000 + ('frame_timeout' in source ? 6 * source.frame_timeout : 0);
}

/** The aim that the config gives a camera. */
export function configuredAim({ gate, privacy }: CameraConfig): CameraAim {
  return { sensitivity: gate.enabled ? gate.sensitivity : null, ignore: gate.ignore, privacy };
}

function constantAim(camera: CameraConfig): () => CameraAim {
  const aim = configuredAim(camera);
  return () => aim;
}

function gateOf({ source, gate }: CameraConfig, { sensitivity, ignore }: CameraAim, log: Log): SceneGate {
  const { light_guard, frozen_after } = gate;
  // Files may well stay the same, and drawn scenes be empty.
  const isFile = source.type === 'still' || (source.type === 'ffmpeg' && inputKind(source.input) === 'path');
  const check = source.type === 'scene' ? null : { frozenAfterMs: isFile ? null : frozen_after };
  return new SceneGate(
    { sensitivity: sensitivity ?? gate.sensitivity, ignore, lightGuard: light_guard },
    nativeJpegBlocks(log),
    check,
  );
}
