/**
 * Whether a response may go to a topic that its caller chose. Callers may not be allowed to write everywhere where this board
 * is: so nothing below `scenecast/` but what is there for responses, and nothing of the broker's own (`$SYS`, `$share`).
 */
export function isResponseTopic(topic: string): boolean {
  if (!/^[^$+#\p{Cc}][^+#\p{Cc}]{0,511}$/u.test(topic)) return false;
  return !/^scenecast(\/|$)/.test(topic) || /^scenecast\/[^/]+\/response\/./.test(topic);
}
