/** The topics of one device, as the contract names them. */
export interface Topics {
  /** `online` / `offline`, retained; also the last will. */
  readonly status: string;
  /** How the daemon does, retained. */
  readonly health: string;
  cameraStatus(camera: string): string;
  description(camera: string): string;
  event(camera: string): string;
  /** The newest answer to a standing question, retained. */
  answer(camera: string, question: string): string;
}

/** Topics under `scenecast/<device>`. */
export function topicsOf(device: string): Topics {
  const base = `scenecast/${device}`;
  return {
    status: `${base}/status`,
    health: `${base}/health`,
    cameraStatus: (camera) => `${base}/${camera}/status`,
    description: (camera) => `${base}/${camera}/description`,
    event: (camera) => `${base}/${camera}/event`,
    answer: (camera, question) => `${base}/${camera}/answer/${question}`,
  };
}
