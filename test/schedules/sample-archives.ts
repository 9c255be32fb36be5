import type { ExportCounts } from '../../shared/jobs/job.ts'
import type { ArchiveJudgement } from '../../shared/schedules/archive-judgement.ts'

export const counts = (resources: number, revisions = resources, blobs = 0): ExportCounts => ({
  resources,
  revisions,
  blobs,
})

/** The judgement of an archive that was due on a day of January 2026. */
export const judgement = (
  day: number,
  models: Readonly<Record<string, ExportCounts>>,
  more: Partial<ArchiveJudgement> & { readonly filters?: string } = {},
): ArchiveJudgement => {
  const { filters = '', ...rest } = more
  const date = String(day).padStart(2, '0')
  return {
    job_id: `job-${date}`,
    key: `scheduled/nightly/2026/01/${date}/job-${date}.acbak`,
    at: `2026-01-${date}T03:00:00.000Z`,
    manifest_sha256: date.padStart(64, '0'),
    scope: { models: Object.keys(models), filters },
    models,
    state: 'good',
    findings: [],
    ...rest,
  }
}
