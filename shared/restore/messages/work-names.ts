/**
 * The names of the binary objects of a restore in the work bucket. Each name contains the attempt, so two attempts
 * never write the same object.
 */
export const workName = {
  existing: (n: number, attempt: string, range: number) => `existing/${n}/${attempt}-${range}`,
  archivedDigests: (n: number, attempt: string, range: number) => `digests/preflight/${n}/${attempt}-${range}`,
  storedDigests: (n: number, attempt: string) => `digests/verify/${n}/${attempt}`,
  references: (n: number, attempt: string) => `references/${n}/${attempt}`,
  convertedRun: (attempt: string, k: number) => `convert/runs/${attempt}-${k}`,
  convertedContents: (attempt: string) => `convert/contents/${attempt}`,
  convertedReferences: (attempt: string) => `convert/references/${attempt}`,
  convertedSegment: (attempt: string, k: number) => `convert/segments/${attempt}-${k}`,
  convertedDigests: (attempt: string, k: number) => `convert/digests/${attempt}-${k}`,
  convertedTail: (attempt: string) => `convert/tail/${attempt}`,
  convertedArchive: (attempt: string) => `convert/archive/${attempt}.acbak`,
} as const
