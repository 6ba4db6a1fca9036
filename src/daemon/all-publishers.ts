import type { Publisher } from '../pipeline/ports.ts';

/** Reports everything to each publisher, in their order. */
export function publishToAll(publishers: readonly Publisher[]): Publisher {
  const each = (report: (publisher: Publisher) => void): void => publishers.forEach(report);
  return {
    cameraStatus: (camera, status) => each((to) => to.cameraStatus(camera, status)),
    cameraSettings: (camera, settings, hours) => each((to) => to.cameraSettings(camera, settings, hours)),
    cameraVision: (camera, vision) => each((to) => to.cameraVision(camera, vision)),
    observation: (observation) => each((to) => to.observation(observation)),
    rule: (camera, rule, status) => each((to) => to.rule(camera, rule, status)),
    alert: async (alert) => {
      await Promise.all(publishers.map((to) => to.alert(alert)));
    },
    watches: (watches) => each((to) => to.watches(watches)),
    event: (event) => each((to) => to.event(event)),
    health: (health) => each((to) => to.health(health)),
  };
}
