import { AnsweringCamera } from '../camera/answering-camera.ts';
import { FfmpegCamera } from '../camera/ffmpeg.ts';
import { inputKind } from '../camera/ffmpeg-command.ts';
import { nativeJpegBlocks } from '../camera/jpeg-blocks.ts';
import { SceneCamera } from '../camera/scene.ts';
import { StillCamera } from '../camera/still.ts';
import { V4l2Camera } from '../camera/v4l2.ts';
import { lookUp } from '../config/paths.ts';
import type { CameraConfig, Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { CameraSettings } from '../domain/camera-settings.ts';
import { MaskedCamera } from '../gate/masked-camera.ts';
import { SceneGate } from '../gate/scene-gate.ts';
import type { CameraTask } from '../pipeline/camera-task.ts';
import type { Camera, Log } from '../pipeline/ports.ts';

/**
 * One camera of the config, with its gate and what is asked of it. `settingsNow`: what it is set to, which may change;
 * `folder`: where relative paths are looked up.
 */
export function createCameraTask(
  name: string,
  config: Config,
  settingsNow: () => CameraSettings,
  folder: string,
  log: Log,
): CameraTask {
  const camera = config.cameras[name]!;
  const { gate, privacy } = camera;
  const longestAnswerMs = longestAnswerMsOf(camera);
  const bare = new AnsweringCamera(cameraOf(name, camera, settingsNow, folder, log), longestAnswerMs);
  return {
    camera: privacy.length > 0 ? new MaskedCamera(bare, privacy) : bare,
    gate: gate.enabled ? gateOf(gate, log) : null,
    settings: settingsNow(),
    minIntervalMs: gate.enabled ? gate.min_interval : null,
    maxIntervalMs: gate.max_interval,
    // The camera is given up first; the gate looks too.
    maxLookMs: longestAnswerMs + 60_000,
    questions: questionsOf(camera.questions),
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
      return new SceneCamera(name, { seed: source.seed, size: source.size, everyMs: source.every });
    case 'still':
      return new StillCamera(name, lookUp(source.path, folder));
    case 'v4l2':
      return new V4l2Camera(
        name,
        { ...source, path: source.device, frameTimeoutMs: source.frame_timeout },
        log,
      );
    case 'ffmpeg':
      return new FfmpegCamera(name, {
        input: inputKind(source.input) === 'path' ? lookUp(source.input, folder) : source.input,
        transport: source.transport,
        username: source.username,
        passwordFile: source.password_file === null ? null : lookUp(source.password_file, folder),
        rotation: source.rotation,
        size: source.size,
        intervalMs: () => settingsNow().intervalMs,
        stallMs: source.frame_timeout,
        log,
      });
  }
}

/** More than any camera waits: opening may take ffmpeg several tries, each as long as a stall, and a V4L2 camera a minute. */
function longestAnswerMsOf({ source }: CameraConfig): number {
  return 120_000 + ('frame_timeout' in source ? 6 * source.frame_timeout : 0);
}

function gateOf({ sensitivity, ignore, light_guard }: CameraConfig['gate'], log: Log): SceneGate {
  return new SceneGate({ sensitivity, ignore, lightGuard: light_guard }, nativeJpegBlocks(log));
}
