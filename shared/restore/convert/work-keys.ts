/** Where a conversion's objects lie in the work bucket; attempts never share a key. */
export const workKey = {
  archive: (job: string, attempt: string) => `work/${job}/converted/${attempt}.acbak`,
  run: (job: string, attempt: string, k: number) => `work/${job}/runs/${attempt}-${k}`,
  places: (job: string, attempt: string) => `work/${job}/places/${attempt}`,
  seen: (job: string, attempt: string) => `work/${job}/seen/convert/${attempt}`,
  told: (job: string, attempt: string) => `work/${job}/told/${attempt}`,
  segment: (job: string, attempt: string, k: number) => `work/${job}/seg/convert/${attempt}-${k}`,
  digests: (job: string, attempt: string, k: number) => `work/${job}/digests/convert/${attempt}-${k}`,
  missing: (job: string, attempt: string) => `work/${job}/missing/convert/${attempt}`,
} as const
