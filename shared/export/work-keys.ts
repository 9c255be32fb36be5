/** Where a job's objects lie in the work bucket. Everything under `work/` is swept by lifecycle after 7 days. */
export const workKey = {
  plan: (job: string) => `work/${job}/plan.json`,
  blobPlan: (job: string) => `work/${job}/blob-plan.json`,
  composePlan: (job: string, round: number) => `work/${job}/compose-${round}.json`,
  tailPlan: (job: string) => `work/${job}/tail.json`,
  tail: (job: string, attempt: string) => `work/${job}/tail/${attempt}`,
  /** What one attempt of a pass writes: attempts never share a key, the result names the one that counts. */
  segment: (job: string, stage: string, n: number, attempt: string, k: number) =>
    `work/${job}/seg/${stage}/${n}/${attempt}-${k}`,
  digests: (job: string, n: number, attempt: string, k: number) => `work/${job}/digests/${n}/${attempt}-${k}`,
  seen: (job: string, n: number, attempt: string) => `work/${job}/seen/${n}/${attempt}`,
  missing: (job: string, n: number, attempt: string) => `work/${job}/missing/${n}/${attempt}`,
  /** Of a stream: what stands before the records of its nth model. */
  border: (job: string, attempt: string, n: number) => `work/${job}/border/${attempt}/${n}`,
  joined: (job: string, round: number, n: number, attempt: string) => `work/${job}/joined/${round}/${n}/${attempt}`,
} as const
