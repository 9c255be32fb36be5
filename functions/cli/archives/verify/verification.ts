import type { ArchiveCheckName, ArchiveFinding, ArchiveFindings } from '../../../../shared/archive/check/findings.ts'
import type { Finding } from '../../../../shared/restore/messages/finding.ts'

/** The result of one check. */
export interface CheckResult {
  /** True if the check was finished and has no finding. */
  readonly passed: boolean
  /** False if damage has prevented a part of the check. */
  readonly finished: boolean
  readonly findings_total: number
}

type CheckedCounts = Readonly<Record<'resources' | 'revisions', number>>

/** The result of the verification of an archive. */
export interface ArchiveVerification {
  readonly format?: 'acbak' | 'specstar'
  readonly size: number
  /** True if no check has a finding. */
  readonly passed: boolean
  /**
   * The type of the problem because of which the archive could not be opened, or the stream could not be read to its
   * end. The members that describe the content are then absent.
   */
  readonly fault?: string
  /** False if blobs are missing, or if the export left out resources. Such an archive can be sound. */
  readonly complete?: boolean
  readonly missing_blobs?: number
  readonly left_out?: number
  readonly proven_manifest?: boolean
  /**
   * The counts of the archive. Absent if `records` was not finished. They have no `blobs` if another check was not
   * finished.
   */
  readonly models?: Readonly<Record<string, CheckedCounts & { readonly blobs?: number }>>
  /** Absent if a check was not finished. */
  readonly blobs?: { readonly count: number; readonly bytes: number }
  /** What was checked of the records, if `records` was not finished. */
  readonly checked_models?: Readonly<Record<string, CheckedCounts>>
  readonly checks: Readonly<Partial<Record<ArchiveCheckName, CheckResult>>>
  /** The first 1,000 findings. */
  readonly findings: readonly ArchiveFinding[]
  /** Irregularities of a stream that a restore accepts. */
  readonly accepted: readonly Finding[]
}

/**
 * Returns the members of a verification that describe its findings. `unfinished` are the checks of which damage has
 * prevented a part.
 */
export const verdictOf = (
  findings: ArchiveFindings,
  checks: readonly ArchiveCheckName[],
  unfinished: readonly ArchiveCheckName[] = [],
): Pick<ArchiveVerification, 'passed' | 'checks' | 'findings'> => ({
  passed: findings.total() === 0,
  checks: Object.fromEntries(
    checks.map((check) => {
      const findings_total = findings.total(check)
      const finished = !unfinished.includes(check)
      return [check, { passed: finished && findings_total === 0, finished, findings_total }]
    }),
  ),
  findings: findings.kept,
})
