export const visionStates = ['current', 'stale', 'failing', 'paused'] as const;

/** Whether what was last said about a camera's pictures still holds, and if not, why not. */
export interface CameraVision {
  readonly state: (typeof visionStates)[number];
  /** When the state began. */
  readonly since: Date;
  /** In words; null: it is current. */
  readonly reason: string | null;
}

export const noLookYet = 'no look has succeeded since the start';

/** Before the first look: what a broker retains was said before the start. */
export function visionAtStart(startedAt: Date): CameraVision {
  return { state: 'stale', since: startedAt, reason: noLookYet };
}
