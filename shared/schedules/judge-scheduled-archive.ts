import type { JudgeArchive } from '../export/announce.ts'
import type { SuspiciousArchive } from '../jobs/job.ts'
import { type ArchiveRecord, resourcesIn } from './archive-record.ts'
import { judgedArchives, type JudgedArchiveStores } from './judged-archives.ts'

/**
 * Judges the archive of a scheduled export whose job is about to end, and stores the judgement. If the archive is
 * suspicious, returns the mark for the job's result. Otherwise, returns `undefined`. If the archive has been judged
 * before, uses the stored judgement.
 */
export const judgeScheduledArchive = async (
  stores: JudgedArchiveStores,
  ...[schedule, { key }]: Parameters<JudgeArchive>
): Promise<SuspiciousArchive | undefined> => {
  const { records } = await judgedArchives(stores, schedule, { keep: true })
  const record = records.find((one) => one.key === key)
  return record === undefined || record.findings.length === 0 ? undefined : markOf(record)
}

/** Returns the member `suspicious` of the job's result. It contains the decision of a caller, if there is one. */
export const markOf = (record: ArchiveRecord): SuspiciousArchive => {
  const { state, findings, decided } = record
  const decision = state === 'confirmed' || state === 'rejected' ? state : undefined
  return {
    resources: resourcesIn(record),
    findings,
    ...(decision === undefined || decided === undefined ? {} : { decision: { decision, ...decided } }),
  }
}
