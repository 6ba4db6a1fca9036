/** How closely a picture is looked at, the coarsest first: more detail costs more image tokens, and so more time. */
export const details = ['overview', 'balanced', 'full'] as const;

export type Detail = (typeof details)[number];

/** What a model can be set to; changed: fully, but after a change only the part that has changed. */
export const modelDetails = [...details, 'changed'] as const;

export type ModelDetail = (typeof modelDetails)[number];

/** The most that a picture takes. */
export function plannedDetail(detail: ModelDetail): Detail {
  return detail === 'changed' ? 'full' : detail;
}
