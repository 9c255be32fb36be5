/** Where a restore's objects lie in the work bucket. Everything under `work/` is swept by lifecycle after 7 days. */
export const workKey = {
  plan: (job: string) => `work/${job}/restore-plan.json`,
  blobPlan: (job: string) => `work/${job}/restore-blob-plan.json`,
  applyPlan: (job: string) => `work/${job}/apply-plan.json`,
  decisions: (job: string, n: number, attempt: string, k: number) => `work/${job}/decisions/${n}/${attempt}-${k}`,
  digests: (job: string, n: number, attempt: string, k: number) => `work/${job}/digests/${n}/${attempt}-${k}`,
  seen: (job: string, n: number, attempt: string) => `work/${job}/seen/${n}/${attempt}`,
  blobs: (job: string, n: number, attempt: string) => `work/${job}/blobs/${n}/${attempt}`,
  missing: (job: string, n: number, attempt: string) => `work/${job}/missing/${n}/${attempt}`,
  findings: (job: string, stage: string, n: number, attempt: string) => `work/${job}/findings/${stage}/${n}/${attempt}`,
} as const
