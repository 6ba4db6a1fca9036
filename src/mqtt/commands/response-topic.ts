/**
 * Whether a response may go to a topic chosen by its caller. A caller may have fewer rights than this board, so below
 * `scenecast/` only response topics are allowed, and no topics of the broker (`$SYS`, `$share`).
 */
export function isResponseTopic(topic: string): boolean {
  if (!/^[^$+#\p{Cc}][^+#\p{Cc}]{0,511}$/u.test(topic)) return false;
  return !/^scenecast(\/|$)/.test(topic) || /^scenecast\/[^/]+\/response\/./.test(topic);
}
