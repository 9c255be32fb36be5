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
