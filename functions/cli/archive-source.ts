import { stat } from 'node:fs/promises'
import { errorMessage } from '../../shared/values/error-message.ts'
import { NoSuchFileError } from './archives/errors.ts'
import { nameOfAddress, parseAddress } from './archives/sources/address.ts'
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
  const address = parseAddress(text)
  switch (address.kind) {
    case 's3': {
      const { kind, ...from } = address
      return { in: kind, from }
    }
    case 'url':
      throw new UsageError(`archive: ${nameOfAddress(address)} must not be a URL; ${ALLOWED}`)
    case 'file':
      return fileOrJob(address.path)
  }
}

const ALLOWED = 'use the path of a file, the id of an export job, or s3://bucket/key[?versionId=…]'

const fileOrJob = async (text: string): Promise<RestoreSource> => {
  const found = await stat(text).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new UsageError(`archive: ${text} cannot be read: ${errorMessage(error)}`, { cause: error })
  })
  if (found?.isFile() === false) throw new UsageError(`archive: ${text} is not a file`)
  if (found !== undefined) return { in: 'file', path: text, size: found.size }
  if (isJobId(text)) return { in: 's3', from: { job_id: text } }
  throw new NoSuchFileError(`archive: ${JSON.stringify(text)} does not exist; ${ALLOWED}`)
}

export const describeSource = (source: RestoreSource): string => {
  if (source.in === 'file') return source.path
  const { from } = source
  if ('job_id' in from) return `the archive of job ${from.job_id}`
  const name = nameOfAddress({ kind: 's3', ...from })
  return from.version_id === undefined ? name : `version ${from.version_id} of ${name}`
}
