/** How closely a picture is looked at, the coarsest first: more detail costs more image tokens, and so more time. */
export const details = ['overview', 'balanced', 'full'] as const;

export type Detail = (typeof details)[number];
