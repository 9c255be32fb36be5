import type { ObjectStore } from '../../../../shared/objects/aws/object-store.ts'
import { type ArchiveAddress, parseAddress } from './address.ts'
import { CountedSource } from './counted-source.ts'
import { NoSuchFileError } from '../errors.ts'
import { openFileSource } from './file-source.ts'
import { openS3Source } from './s3-source.ts'
import type { OpenSource } from './source.ts'
import { openUrlSource } from './url-source.ts'

export interface SourceServices {
  /** Returns the access to S3. Called only for an `s3://` address. */
  readonly objects: () => ObjectStore
  /** Opens the archive of a job. Called only if there is no file of this name. Undefined if no job can have this id. */
  readonly job?: (id: string) => Promise<OpenSource> | undefined
}

/**
 * Opens the archive at an address: a file, an object in S3, or a URL that supports range requests. Counts the bytes
 * that are read from it.
 */
export const openSource = async (text: string, services: SourceServices): Promise<CountedSource> =>
  new CountedSource(await openAddress(parseAddress(text), services))

const openAddress = (address: ArchiveAddress, { objects, job }: SourceServices): Promise<OpenSource> => {
  switch (address.kind) {
    case 'file':
      return openFileSource(address.path).catch((error: unknown) => {
        const opened = error instanceof NoSuchFileError ? job?.(address.path) : undefined
        if (opened === undefined) throw error
        return opened
      })
    case 's3':
      return openS3Source(objects(), address)
    case 'url':
      return openUrlSource(address.url)
  }
}
