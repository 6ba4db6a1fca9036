/** Removes what may be secret in addresses within a text: logins (`user:password@`) and queries. */
export function withoutSecrets(text: string): string {
  return text.replace(/:\/\/[^\s"']*@/g, '://***@').replace(/(:\/\/[^\s"'?]*)\?[^\s"']*/g, '$1?***');
}
