import { stat } from 'node:fs/promises'
import { errorMessage } from '../../shared/values/error-message.ts'
import { decodeVersion } from './archives/sources/address.ts'
import { isJobId } from './client/paths.ts'
import { UsageError } from './usage-error.ts'

/** An archive in S3, in the form of the member `from` of a request. */
type StoredSource =
  { readonly job_id: string } | { readonly bucket: string; readonly key: string; readonly version_id?: string }

/** Where the archive of a restore is. */
export type RestoreSource =
  | { readonly in: 'file'; readonly path: string; readonly size: number }
  | { readonly in: 's3'; readonly from: StoredSource }

/** Returns the archive that an argument names. An existing file has precedence over a job of the same name. */
export const restoreSource = async (text: string): Promise<RestoreSource> => {
  if (text.startsWith('s3://')) return { in: 's3', from: storedSource(text) }
  try {
    const found = await stat(text)
    if (!found.isFile()) throw new UsageError(`archive: ${text} is not a file`)
    return { in: 'file', path: text, size: found.size }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw new UsageError(`archive: ${text} cannot be read: ${errorMessage(error)}`, { cause: error })
    return { in: 's3', from: storedSource(text) }
  }
}

const S3_ADDRESS = /^s3:\/\/([^/]+)\/(.+?)(?:\?versionId=([^?&]+))?$/s

/** Returns the archive that an argument names: that of a job, or an object in S3. */
const storedSource = (text: string): StoredSource => {
  const [, bucket, key, version_id] = S3_ADDRESS.exec(text) ?? []
  if (bucket !== undefined && key !== undefined)
    return { bucket, key, ...(version_id === undefined ? {} : { version_id: decodeVersion(version_id) }) }
  if (isJobId(text)) return { job_id: text }
  const what = text.startsWith('s3://') ? 'is not the address of an object' : 'does not exist'
  throw new UsageError(
    `archive: ${JSON.stringify(text)} ${what}; ` +
      'use the path of a file, the id of an export job, or s3://bucket/key[?versionId=…]',
  )
}

export const describeSource = (source: RestoreSource): string => {
  if (source.in === 'file') return source.path
  const { from } = source
  return 'job_id' in from ? `the archive of job ${from.job_id}` : `s3://${from.bucket}/${from.key}`
}
