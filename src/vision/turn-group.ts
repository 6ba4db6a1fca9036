interface GroupedTurn {
  readonly prompt: { readonly before: string };
  /** What follows the picture. */
  readonly tokens: ArrayLike<number>;
  readonly maxTokens: number;
}

/**
 * The first turns that can run side by side, as many as possible and at least one: they continue the same text and
 * picture, and their prompts and answers fit into the free cells of the context.
 */
export function firstGroup<Turn extends GroupedTurn>(
  turns: readonly Turn[],
  { maxTurns, freeCells }: { readonly maxTurns: number; readonly freeCells: number },
): Turn[] {
  const group: Turn[] = [];
  let cells = 0;
  for (const turn of turns) {
    cells += turn.tokens.length + turn.maxTokens;
    const fits =
      group.length < maxTurns && cells <= freeCells && turn.prompt.before === turns[0]!.prompt.before;
    if (group.length > 0 && !fits) break;
    group.push(turn);
  }
  return group;
}
