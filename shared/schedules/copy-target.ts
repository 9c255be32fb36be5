import type { ArchiveCopy } from './archive-copy.ts'

/** The settings that determine where the copy of an archive is. */
export interface CopyTargetConfig {
  readonly deployment: string
  readonly region: string
  readonly copy_archives_to?: { readonly bucket: string }
}

/**
 * Returns where the copy of a scheduled archive is. Several deployments can copy to the same bucket, because the key
 * contains the deployment and its region. Returns `undefined` if archives are not copied.
 */
export const copyTarget = (
  { deployment, region, copy_archives_to: target }: CopyTargetConfig,
  archive: string,
): { readonly bucket: string; readonly key: string } | undefined =>
  target === undefined ? undefined : { bucket: target.bucket, key: `${deployment}/${region}/${archive}` }

/**
 * Returns the stored state of a copy. If archives are not copied, or are now copied to another bucket, returns
 * `undefined`, because no run changes this state any more.
 */
export const currentState = (
  { copy_archives_to: target }: Pick<CopyTargetConfig, 'copy_archives_to'>,
  state: ArchiveCopy | undefined,
): ArchiveCopy | undefined => (state?.bucket === target?.bucket ? state : undefined)
