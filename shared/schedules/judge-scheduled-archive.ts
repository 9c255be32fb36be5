import type { JudgeArchive } from '../export/announce.ts'
import type { ArchiveDecision, SuspiciousArchive } from '../jobs/export-result.ts'
import { type ArchiveJudgement, type DecidedJudgement, resourcesIn } from './archive-judgement.ts'
import { judgedArchives, type JudgedArchiveServices } from './judged-archives.ts'

/**
 * Judges the archive of a scheduled export before its job ends, and stores the judgement. If the archive has already
 * been judged, uses the stored judgement. If the archive is suspicious, returns the value of the member `suspicious` of
 * the job's result. Otherwise, returns `undefined`.
 */
export const judgeScheduledArchive = async (
  services: JudgedArchiveServices,
  ...[schedule, { key }]: Parameters<JudgeArchive>
): Promise<SuspiciousArchive | undefined> => {
  const { judgements } = await judgedArchives(services, schedule, { keep: true })
  const judgement = judgements.find((one) => one.key === key)
  return judgement === undefined || judgement.findings.length === 0 ? undefined : markOf(judgement)
}

/**
 * Returns the value of the member `suspicious` of the job's result. The value contains the decision of a caller, if
 * there is one.
 */
export const markOf = (judgement: ArchiveJudgement): SuspiciousArchive => {
  return {
    resources: resourcesIn(judgement),
    findings: judgement.findings,
    ...('decided' in judgement ? { decision: decisionOf(judgement) } : {}),
  }
}

/** Returns the decision of a caller, as results and responses contain it. */
export const decisionOf = ({ state, decided }: DecidedJudgement): ArchiveDecision => ({ decision: state, ...decided })
