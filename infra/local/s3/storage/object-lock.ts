import { S3Error } from '../http/s3-error.ts'
import type { VersioningStatus } from './records.ts'

const PREFIX = 'x-amz-object-lock-'
const MODE = `${PREFIX}mode`
const UNTIL = `${PREFIX}retain-until-date`

type Headers = Readonly<Record<string, string>>

/**
 * Returns the headers of a write that lock the new version. Every bucket with versioning accepts locks. Throws if the
 * bucket has no versioning, or if the lock is incomplete, has passed, or is a legal hold.
 */
export function lockHeaders(
  headers: ReadonlyMap<string, string>,
  versioning: VersioningStatus | undefined,
): Readonly<Record<string, string>> {
  const names = [...headers.keys()].filter((name) => name.startsWith(PREFIX))
  const [first] = names
  if (first === undefined) return {}
  if (versioning !== 'Enabled')
    throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration', { Header: first })
  const unknown = names.find((name) => name !== MODE && name !== UNTIL)
  if (unknown !== undefined)
    throw new S3Error('NotImplemented', 'The local S3 service does not store legal holds', { Header: unknown })
  const mode = headers.get(MODE) ?? ''
  const until = headers.get(UNTIL) ?? ''
  if (!/^(?:GOVERNANCE|COMPLIANCE)$/.test(mode)) throw new S3Error('InvalidArgument', 'Unknown wormMode directive.')
  if (!(Date.parse(until) > Date.now()))
    throw new S3Error('InvalidArgument', 'The retain until date must be in the future!')
  return { [MODE]: mode, [UNTIL]: new Date(until).toISOString() }
}

/** Returns stored headers without the lock, which a copy of the version does not have. */
export function withoutLock(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX)))
}

/** Throws 403 if a version is locked. Unlike S3, this service does not let anybody bypass the mode `GOVERNANCE`. */
export function checkUnlocked(headers: Headers): void {
  if (Date.parse(headers[UNTIL] ?? '') > Date.now())
    throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.')
}
