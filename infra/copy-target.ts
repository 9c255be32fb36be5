import { WORK_DAYS } from './lifecycle-days.ts'

/** The setting `copy_archives_to`, and the settings that determine the names of the deployment's own buckets. */
interface CopySettings {
  readonly deployment: string
  readonly existing: { readonly blob_bucket?: string; readonly restore_bucket?: string }
  readonly copy_archives_to?: { readonly bucket: string; readonly account?: string; readonly region?: string }
}

/** Where a deployment is created. A value is undefined if it is known only during the deployment. */
export interface DeploymentPlace {
  readonly account: string | undefined
  readonly region: string | undefined
}

/** Why archives cannot be copied to each of the buckets of the deployment. */
const REASONS = {
  archives: 'the archive bucket, because a copy in the same bucket does not protect the archive',
  blobs: 'the bucket with the blobs',
  restores: 'the restore bucket, because every copy would start a restore',
  work: `the work bucket, because its objects are deleted after ${WORK_DAYS} days`,
} as const
const PURPOSES = ['archives', 'blobs', 'restores', 'work'] as const
type Purpose = (typeof PURPOSES)[number]

/**
 * Returns what is wrong with the setting `copy_archives_to`, as far as the settings show it. Another account or region
 * may contain a deployment with the same name, so `ownTargetFaults` checks the buckets of a known account or region.
 */
export const copyTargetFaults = (settings: CopySettings): string[] => {
  const { existing, copy_archives_to: target } = settings
  if (target === undefined) return []
  if (target.bucket === existing.restore_bucket) return [faultOf('restores')]
  if (target.bucket === existing.blob_bucket) return [faultOf('blobs')]
  const named = parseName(settings)
  const isHere = target.account === undefined && target.region === undefined
  return named === undefined || !isHere ? [] : [faultOf(named.purpose)]
}

/** Returns what is wrong with the setting `copy_archives_to` of a deployment in a certain account and region. */
export const ownTargetFaults = (settings: CopySettings, { account, region }: DeploymentPlace): string[] => {
  const named = parseName(settings)
  if (named === undefined) return []
  const isOwn = (account ?? named.account) === named.account && (region ?? named.region) === named.region
  if (!isOwn) return []
  if (account !== undefined && region !== undefined) return [faultOf(named.purpose)]
  return [
    `${faultOf(named.purpose)}; it is this bucket if the account is ${named.account} and the region is ` +
      `${named.region}. If the deployment is in another account or region, run the command with AWS credentials ` +
      'of the account, or set the property env of the stack',
  ]
}

const faultOf = (purpose: Purpose): string => `copy_archives_to.bucket: must not be ${REASONS[purpose]}`

/** Returns the parts of the target's name if it has the form of the names of the deployment's own buckets. */
const parseName = ({
  deployment,
  copy_archives_to: target,
}: CopySettings): { readonly purpose: Purpose; readonly account: string; readonly region: string } | undefined => {
  for (const purpose of PURPOSES) {
    const [, account, region] = new RegExp(`^${deployment}-${purpose}-(\\d{12})-(.+)$`).exec(target?.bucket ?? '') ?? []
    if (account !== undefined && region !== undefined) return { purpose, account, region }
  }
  return undefined
}
