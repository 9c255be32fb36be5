import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { errorMessage } from '../../shared/values/error-message.ts'
import { UnreachableError } from './client/errors.ts'
import type { Job } from './client/job.ts'
import { JobResult } from './client/job-result.ts'
import type { CommandContext } from './command.ts'
import { countedTransfer } from './terminal/transfer-bar.ts'
import { UsageError } from './usage-error.ts'

/** The file of a download. An archive appears under its name only when it is complete. */
export interface DownloadFile {
  /** `-` means stdout. */
  readonly path: string
  /** Where the archive is written until it is complete. */
  readonly partial: string
  /** Removes an incomplete file. */
  readonly close: () => Promise<void>
}

/** Creates the incomplete file. Throws `UsageError` if the file exists already or cannot be created. */
export const prepareFile = async (path: string): Promise<DownloadFile> => {
  if (path === '-') return { path, partial: path, close: () => Promise.resolve() }
  const partial = join(dirname(path), `.${basename(path)}.partial`)
  try {
    await (await open(path, 'r')).close()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw new UsageError(`--output: ${errorMessage(error)}`, { cause: error })
    try {
      await (await open(partial, 'w')).close()
    } catch (failure) {
      throw new UsageError(`--output: ${path} cannot be written: ${errorMessage(failure)}`, { cause: failure })
    }
    return { path, partial, close: () => rm(partial, { force: true }) }
  }
  throw new UsageError(`--output: ${path} exists already; delete it or choose another file`)
}

/** Downloads the archive of an export. Returns false if the export has none, because it failed or was cancelled. */
export const downloadArchive = async (
  { io, output }: CommandContext,
  job: Job,
  file: DownloadFile,
): Promise<boolean> => {
  const { data } = JobResult.safeParse(job.result)
  if (data?.url === undefined || data.archive === undefined) return false
  const { size } = data.archive
  // The URL is signed: the request must have no credentials of its own.
  const response = await fetch(data.url)
  if (!response.ok || response.body === null)
    throw new UnreachableError(
      `the archive of job ${job.job_id} cannot be downloaded: S3 responded with ${response.status}`,
    )
  const transfer = countedTransfer(io, output, 'download', size)
  const target = file.path === '-' ? unclosed(io.stdout) : createWriteStream(file.partial)
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), transfer.counter, target)
  } finally {
    transfer.end()
  }
  if (transfer.bytes() !== size)
    throw new UnreachableError(
      `the download of job ${job.job_id} has ${transfer.bytes()} bytes instead of ${size}: repeat the export`,
    )
  if (file.path !== '-') await rename(file.partial, file.path)
  return true
}

/** Returns a stream that writes to another one, and does not close it at the end. */
const unclosed = (stream: Writable): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      stream.write(chunk, callback)
    },
  })
