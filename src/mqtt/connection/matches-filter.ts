/** Whether a topic filter with wildcards matches a topic (MQTT 5, 4.7). */
export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  // `a/#` matches `a` too.
  if (wanted.at(-1) === '#') {
    wanted.pop();
    levels.length = Math.min(levels.length, wanted.length);
  }
  return (
    levels.length === wanted.length && wanted.every((level, at) => level === '+' || level === levels[at])
  );
}
