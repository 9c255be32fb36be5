import { Annotations, Duration } from 'aws-cdk-lib'
import { type BucketProps, ObjectLockRetention } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { DAY_MS } from '../shared/values/durations.ts'
import type { Settings } from './settings.ts'

/** How S3 Object Lock protects archives from deletion. */
interface ArchiveLock {
  readonly mode: 'governance' | 'compliance'
  readonly days: number
}

/** Returns the lock of archives. `archive_lock_days` is a lock in the mode `governance`. */
const archiveLock = ({ archive_lock, archive_lock_days }: Settings): ArchiveLock | undefined =>
  archive_lock ?? (archive_lock_days === undefined ? undefined : { mode: 'governance', days: archive_lock_days })

/** Returns the properties of the archive bucket that lock each new object. */
export const lockProps = (
  settings: Settings,
): Pick<BucketProps, 'objectLockEnabled' | 'objectLockDefaultRetention'> => {
  const lock = archiveLock(settings)
  if (lock === undefined) return {}
  const days = Duration.days(lock.days)
  return {
    objectLockEnabled: true,
    objectLockDefaultRetention:
      lock.mode === 'compliance' ? ObjectLockRetention.compliance(days) : ObjectLockRetention.governance(days),
  }
}

/**
 * Makes `cdk synth` print the day on which the lock of an archive ends, if the archive is written today. The message is
 * a warning, because the CDK CLI omits all messages of the level "info" if the app has a warning.
 */
export const announceLock = (construct: Construct, settings: Settings, now = new Date()): void => {
  const lock = archiveLock(settings)
  if (lock === undefined) return
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  const written = `An archive that is written today (${dayOf(now.getTime())}) is locked until ${dayOf(now.getTime() + lock.days * DAY_MS)}`
  if (lock.mode === 'governance')
    Annotations.of(construct).addWarningV2(
      'specstar:archive-lock',
      `${written}. Only principals with s3:BypassGovernanceRetention can delete it earlier.`,
    )
  else
    Annotations.of(construct).addWarningV2(
      'specstar:archive-lock-compliance',
      `${written}. Until then, nobody can delete it or shorten the lock, not even the root user of the account, ` +
        'and its storage must be paid for.',
    )
}
