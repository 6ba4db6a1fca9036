/** A text with what addresses in it may hold as secrets taken out: logins (`user:password@`), and queries. */
export function withoutSecrets(text: string): string {
  return text.replace(/:\/\/[^\s"']*@/g, '://***@').replace(/(:\/\/[^\s"'?]*)\?[^\s"']*/g, '$1?***');
}
