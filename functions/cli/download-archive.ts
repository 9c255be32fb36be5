import type { Readable } from 'node:stream'
import * as z from 'zod'
import { buffersOf } from '../../shared/values/buffers-of.ts'
import { errorMessage } from '../../shared/values/error-message.ts'
import { NoSuchFileError } from './archives/errors.ts'
import type { OpenSource } from './archives/sources/source.ts'
import { openUrlSource } from './archives/sources/url-source.ts'
import { UnreachableError } from './client/errors.ts'
import type { Job } from './client/job.ts'
import type { CommandContext } from './command.ts'
import { DownloadFile } from './download-file.ts'
import { InterruptedError } from './interrupted-error.ts'
import { shellWord } from './terminal/shell-word.ts'
import { countedTransfer } from './terminal/transfer-bar.ts'
import { isBrokenPipe, isFailureOf, writePieces } from './terminal/written-stream.ts'
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
  context: Pick<CommandContext, 'io' | 'output'>,
  open: () => Promise<OpenSource>,
  { name, address, path }: Download,
): Promise<number> => {
  const { io, output } = context
  const stopped = new AbortController()
  const unsubscribe = io.onInterrupt(() => {
    stopped.abort()
  })
  let isOpen = false
  // Before the archive was opened, it is unknown whether it exists.
  const again = (): string =>
    `${isOpen ? 'The archive is kept' : 'To try again'}: ` +
    `specstar-backup download ${shellWord(address)} -o ${shellWord(path)}`
  try {
    const source = await unlessAborted(stopped.signal, open())
    isOpen = true
    try {
      await transfer(context, source, path, stopped.signal)
      return source.size
    } finally {
      await source.close()
    }
  } catch (error) {
    if (stopped.signal.aborted) throw new InterruptedError(`the download was interrupted. ${again()}`)
    if (isFailureOf(io.stdout, error)) {
      if (!isBrokenPipe(error)) output.note(again())
      throw error
    }
    if (error instanceof NoSuchFileError) throw error
    if (!(error instanceof UsageError))
      throw new UnreachableError(`${name} cannot be downloaded: ${errorMessage(error)}. ${again()}`, { cause: error })
    throw isOpen ? new UsageError(`${error.message}. ${again()}`, { cause: error }) : error
  } finally {
    unsubscribe()
  }
}

const transfer = async (
  { io, output }: Pick<CommandContext, 'io' | 'output'>,
  source: OpenSource,
  path: string,
  signal: AbortSignal,
): Promise<void> => {
  const bar = countedTransfer(io, output, 'download', source.size)
  const stream = await source.stream(0, source.size)
  try {
    const pieces = counted(stream, signal, bar.add)
    await (path === STDOUT
      ? unlessAborted(signal, writePieces(io.stdout, pieces))
      : writeFile(path, pieces, source.size, signal))
  } finally {
    stream.destroy()
    bar.end()
  }
}

const writeFile = async (
  path: string,
  pieces: AsyncIterable<Buffer>,
  size: number,
  signal: AbortSignal,
): Promise<void> => {
  const file = await DownloadFile.create(path)
  try {
    await unlessAborted(signal, file.writeAll(pieces))
    await file.complete(size)
  } finally {
    await file.discard()
  }
}

/**
 * Returns the result of `work`. Throws as soon as the signal is aborted, even if a connection or the reader of stdout
 * does not respond. Do not call it for each piece: `Promise.race` keeps its results until both promises end.
 */
const unlessAborted = async <Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> => {
  let abort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(new Error('aborted'))
    }
  })
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Counts the bytes of a stream. After an abort, throws at the next piece, so that nothing more is written. */
async function* counted(stream: Readable, signal: AbortSignal, add: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of buffersOf(stream)) {
    signal.throwIfAborted()
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
  if (kind !== 'export')
    throw new UsageError(`job ${job_id} is not an export; only exports have an archive to download`)
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
