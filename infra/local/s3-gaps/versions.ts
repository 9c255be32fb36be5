import { fault } from '../s3-fault.ts'

/**
 * The buckets here keep one version, which S3 calls `null`. Any other is refused: s3rver ignores the parameter and
 * answers with whatever is there now.
 */
export function onlyVersion(versionId: string | null | undefined): void {
  if (versionId === undefined || versionId === null || versionId === 'null') return
  throw fault('InvalidArgument', 'Invalid version id specified: the local S3 keeps no versions', {
    ArgumentName: 'versionId',
    ArgumentValue: versionId,
  })
}
