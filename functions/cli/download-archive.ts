import * as z from 'zod'
import { buffersOf } from '../../shared/values/buffers-of.ts'
import { errorMessage } from '../../shared/values/error-message.ts'
import type { OpenSource } from './archives/sources/source.ts'
import { openUrlSource } from './archives/sources/url-source.ts'
import { UnreachableError } from './client/errors.ts'
import type { Job } from './client/job.ts'
import type { CommandContext } from './command.ts'
import { DownloadFile } from './download-file.ts'
import { InterruptedError } from './interrupted-error.ts'
import { printable } from './terminal/printable.ts'
import { countedTransfer } from './terminal/transfer-bar.ts'
import { isFailureOf, writePieces } from './terminal/written-stream.ts'
import { UsageError } from './usage-error.ts'

/** The name of a download file that means stdout. */
export const STDOUT = '-'

/** Throws `UsageError` if the archive cannot be written to this path. Called before the archive exists. */
export const checkTarget = async ({ io, output }: CommandContext, path: string): Promise<void> => {
  if (path !== STDOUT) return DownloadFile.check(path)
  if (io.stdout.isTTY === true)
    throw new UsageError('--output -: stdout is a terminal; redirect it with > FILE, or pass --output FILE')
  output.reserveStdout()
}

interface Download {
  /** The archive in messages. */
  readonly name: string
  /** The arguments of `specstar-backup download` that name the archive. */
  readonly address: string
  readonly path: string
}

/**
 * Writes an archive to a new file or to stdout. Continues after broken connections. Ctrl-C ends it and removes the
 * incomplete file. Errors contain the command that downloads the archive again.
 */
export const download = async (
  context: CommandContext,
  open: () => Promise<OpenSource>,
  { name, address, path }: Download,
): Promise<number> => {
  const { io } = context
  const stopped = new AbortController()
  const unsubscribe = io.onInterrupt(() => {
    stopped.abort()
  })
  const again = `The archive is kept: specstar-backup download ${printable(address)} -o ${printable(path)}`
  try {
    const source = await Promise.race([open(), abortOf(stopped.signal)])
    try {
      await transfer(context, source, path, stopped.signal)
      return source.size
    } finally {
      await source.close()
    }
  } catch (error) {
    if (stopped.signal.aborted) throw new InterruptedError(`the download was interrupted. ${again}`)
    if (error instanceof UsageError || isFailureOf(io.stdout, error)) throw error
    throw new UnreachableError(`${name} cannot be downloaded: ${errorMessage(error)}. ${again}`, { cause: error })
  } finally {
    unsubscribe()
  }
}

const transfer = async (
  { io, output }: CommandContext,
  source: OpenSource,
  path: string,
  signal: AbortSignal,
): Promise<void> => {
  const bar = countedTransfer(io, output, 'download', source.size)
  const stream = await source.stream(0, source.size)
  try {
    const pieces = counted(untilAbort(buffersOf(stream), signal), bar.add)
    await (path === STDOUT ? writePieces(io.stdout, pieces) : writeFile(path, pieces, source.size))
  } finally {
    stream.destroy()
    bar.end()
  }
}

const writeFile = async (path: string, pieces: AsyncIterable<Buffer>, size: number): Promise<void> => {
  const file = await DownloadFile.create(path)
  try {
    for await (const piece of pieces) await file.write(piece)
    await file.complete(size)
  } finally {
    await file.discard()
  }
}

/** Returns a promise that is rejected when the signal is aborted. */
const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => {
      reject(new Error('aborted'))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  })

/** Throws as soon as the signal is aborted, even if the connection does not respond. */
async function* untilAbort(pieces: AsyncGenerator<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const aborted = abortOf(signal)
  for (;;) {
    const next = await Promise.race([pieces.next(), aborted])
    if (next.done === true) return
    yield next.value
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, add: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    add(piece.length)
    yield piece
  }
}

/** Downloads need no other member of a result, so that a new member cannot prevent them. */
const DownloadableResult = z.looseObject({ url: z.string(), archive: z.looseObject({ size: z.number() }) })

/** Opens the archive of an export that has ended. `renew` returns a job whose result contains a new URL. */
export const openJobArchive = async (job: Job, renew: () => Promise<Job>): Promise<OpenSource> => {
  const { url, size } = archiveOf(job)
  const source = await openUrlSource(new URL(url), async () => new URL(archiveOf(await renew()).url))
  if (source.size === size) return source
  await source.close()
  throw new UnreachableError(`the object has ${source.size} bytes, but the export has written ${size}`)
}

const archiveOf = ({ job_id, kind, status, result }: Job): { readonly url: string; readonly size: number } => {
  if (kind !== 'export') throw new UsageError(`job ${job_id} is no export; only exports have an archive to download`)
  if (status !== 'succeeded' && status !== 'partial')
    throw new UsageError(`job ${job_id} has no archive, because its status is ${status}`)
  const { data } = DownloadableResult.safeParse(result)
  if (data === undefined)
    throw new UnreachableError(
      `the result of job ${job_id} contains no archive that this version of the command can download; ` +
        'update this command, or pass the s3:// address of the archive',
    )
  return { url: data.url, size: data.archive.size }
}
