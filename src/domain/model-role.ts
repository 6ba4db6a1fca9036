/** The two models of a board that has two. The quick one goes first. */
export const modelRoles = ['quick', 'thorough'] as const;

export type ModelRole = (typeof modelRoles)[number];

/** What describes a camera, and what answers a question, unless the config names the other one. */
export const describingRole: ModelRole = 'thorough';
export const answeringRole: ModelRole = 'quick';
