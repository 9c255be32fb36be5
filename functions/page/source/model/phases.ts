import type { Job } from '../api/schemas.ts'

/** How far a phase of a job is. */
export interface Step {
  readonly phase: string
  readonly label: string
  readonly state: 'done' | 'current' | 'failed' | 'open'
}

const LABELS: Readonly<Record<string, string>> = {
  'export-records': 'Read records',
  'export-blobs': 'Read blobs',
  'compose-parts': 'Compose archive',
  'account-items': 'Look for stray items',
  convert: 'Convert stream',
  preflight: 'Check records',
  'preflight-blobs': 'Check blobs',
  'apply-blobs': 'Write blobs',
  'apply-records': 'Write records',
  verify: 'Verify',
  rollback: 'Roll back',
}

const EXPORT = ['export-records', 'export-blobs', 'compose-parts']
/** The phases of a dry run and of a check. */
const READ_ONLY = ['preflight', 'preflight-blobs']
const RESTORE = [...READ_ONLY, 'apply-blobs', 'apply-records', 'verify']
/** The phase of a job that has succeeded. */
const LAST = ['announce', 'report']

const ENDED: readonly string[] = ['succeeded', 'partial', 'failed', 'cancelled', 'expired']
export const hasEnded = ({ status }: Pick<Job, 'status'>): boolean => ENDED.includes(status)

export const isDryRun = ({ kind, request }: Pick<Job, 'kind' | 'request'>): boolean =>
  kind === 'restore' && request['dry_run'] === true

/** Returns the phases of a job in their order. A phase that only some jobs have is included while it runs. */
export const stepsOf = (job: Pick<Job, 'kind' | 'status' | 'phase' | 'request'>): readonly Step[] => {
  const { phase, status } = job
  const phases = phasesOf(job)
  const isComplete = status === 'succeeded' || status === 'partial' || (phase !== undefined && LAST.includes(phase))
  const current = phase === undefined ? -1 : phases.indexOf(phase)
  return phases.map((one, index) => ({
    phase: one,
    label: labelOf(one),
    state:
      isComplete || index < current
        ? 'done'
        : index > current
          ? 'open'
          : status === 'failed' || status === 'cancelled'
            ? 'failed'
            : 'current',
  }))
}

/**
 * Returns true if a restore failed before its first write, so the store has not changed. A restore writes only in its
 * last phases.
 */
const hasWrittenNothing = (job: Pick<Job, 'kind' | 'status' | 'phase' | 'request'>): boolean =>
  job.kind === 'restore' && (job.phase === undefined || ['convert', ...READ_ONLY].includes(job.phase))

/** Returns a text that says what a failed restore means for the store. */
export const storeAfterFailure = (
  job: Pick<Job, 'kind' | 'status' | 'phase' | 'request' | 'error' | 'rolled_back'>,
): string => {
  const { error, phase, request, rolled_back } = job
  if (error?.type === 'verification-failed')
    return 'Everything was written, but the store differs from the archive now. Restore again to write what differs.'
  // The error does not show whether the rollback has ended: it can be the conflict that caused the rollback.
  if (phase === 'rollback') return `${afterRollback(rolled_back)} ${OTHER_STRATEGY}`
  if (hasWrittenNothing(job)) return 'The restore failed before its first write. The store has not changed.'
  return request['on_duplicate'] === 'raise_error'
    ? `${BEGUN} ${OTHER_STRATEGY}`
    : `${BEGUN} Restore again to write the rest.`
}

/** Jobs of earlier versions do not state whether the rollback has ended. */
const afterRollback = (rolledBack: boolean | undefined): string =>
  rolledBack === undefined ? PERHAPS_ROLLED_BACK : rolledBack ? ROLLED_BACK : NOT_ROLLED_BACK

const BEGUN = 'The restore had begun to write. Each resource that it has written is complete.'
const ROLLED_BACK =
  'The resources that the restore had written were removed again, except those that another writer has changed ' +
  'since. Blobs remain.'
const NOT_ROLLED_BACK = 'The restore had begun to remove the resources that it had written. Some of them may remain.'
const PERHAPS_ROLLED_BACK =
  'It is unknown whether the resources that the restore had written were removed again. Some of them may ' + 'remain.'
/** The strategy `raise_error` would fail again, because there are archived resources in the store now. */
const OTHER_STRATEGY = 'Restore again, but replace or keep the resources that exist.'

export const labelOf = (phase: string): string => LABELS[phase] ?? phase.replaceAll('-', ' ')

const phasesOf = (job: Pick<Job, 'kind' | 'phase' | 'request'>): readonly string[] => {
  const { kind, phase } = job
  const usual = kind === 'export' ? EXPORT : kind === 'check' || isDryRun(job) ? READ_ONLY : RESTORE
  if (phase === undefined || LAST.includes(phase) || usual.includes(phase)) return usual
  return phase === 'convert' ? [phase, ...usual] : [...usual, phase]
}

/**
 * Returns the share of a job's work that is done, from 0 to 1. Each phase counts the same, although some take longer:
 * the value shows that the job moves, and does not predict its end.
 */
export const shareDone = (
  job: Pick<Job, 'kind' | 'status' | 'phase' | 'request' | 'progress' | 'counts' | 'expected'>,
): number => {
  if (hasEnded(job)) return 1
  const steps = stepsOf(job)
  const done = steps.filter(({ state }) => state === 'done').length
  const part = partDone(job)
  return steps.length === 0 ? part : Math.min(1, (done + (done < steps.length ? part : 0)) / steps.length)
}

/**
 * Returns the share of the current phase: that of its workers, or the mean of its expected counts if this is further.
 */
const partDone = ({ progress, counts = {}, expected = {} }: Pick<Job, 'progress' | 'counts' | 'expected'>): number => {
  const workers = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total
  const shares = Object.entries(expected).flatMap(([name, total]) => {
    // The phase `apply-records` counts the resources that it has loaded and those that it has skipped.
    const value = counts[name] ?? (name === 'resources' ? (counts['loaded'] ?? 0) + (counts['skipped'] ?? 0) : 0)
    return total === 0 ? [] : [Math.min(1, value / total)]
  })
  const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)
  return Math.min(1, Math.max(workers, mean))
}
