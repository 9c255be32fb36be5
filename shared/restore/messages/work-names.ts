/** Names of the binary objects of a restore in the work bucket. Attempts never share a name. */
export const workName = {
  existing: (n: number, attempt: string, range: number) => `existing/${n}/${attempt}-${range}`,
  archivedDigests: (n: number, attempt: string, range: number) => `digests/preflight/${n}/${attempt}-${range}`,
  storedDigests: (n: number, attempt: string) => `digests/verify/${n}/${attempt}`,
  references: (n: number, attempt: string) => `references/${n}/${attempt}`,
} as const
