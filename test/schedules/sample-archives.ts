import type { ExportCounts } from '../../shared/jobs/export-result.ts'
import type { ArchiveJudgement, DecidedJudgement } from '../../shared/schedules/archive-judgement.ts'

export const counts = (resources: number, revisions = resources, blobs = 0): ExportCounts => ({
  resources,
  revisions,
  blobs,
})

/** The members of a judgement that differ from those of a good archive. */
export type JudgementMembers = Partial<Omit<ArchiveJudgement, 'state'>> & {
  readonly state?: ArchiveJudgement['state']
  /** By default, a caller has decided at noon. */
  readonly decided?: DecidedJudgement['decided']
  readonly filters?: string
}

/** The judgement of an archive that was due on a day of January 2026. */
export const judgement = (
  day: number,
  models: Readonly<Record<string, ExportCounts>>,
  more: JudgementMembers = {},
): ArchiveJudgement => {
  const date = String(day).padStart(2, '0')
  const {
    filters = '',
    state = 'good',
    decided = { by: 'caller', at: `2026-01-${date}T12:00:00.000Z` },
    ...rest
  } = more
  const members = {
    job_id: `job-${date}`,
    key: `scheduled/nightly/2026/01/${date}/job-${date}.acbak`,
    at: `2026-01-${date}T03:00:00.000Z`,
    manifest_sha256: date.padStart(64, '0'),
    scope: { models: Object.keys(models), filters },
    models,
    findings: [],
    ...rest,
  }
  return state === 'confirmed' || state === 'rejected' ? { ...members, state, decided } : { ...members, state }
}
