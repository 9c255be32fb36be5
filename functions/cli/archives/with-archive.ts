import process from 'node:process'
import zlib from 'node:zlib'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { findJob } from '../client/find-job.ts'
import { ProblemError, UnreachableError } from '../client/errors.ts'
import { isJobId } from '../client/paths.ts'
import { s3ClientOf } from '../client/s3-client.ts'
import type { CommandContext } from '../command.ts'
import { openJobArchive } from '../download-archive.ts'
import { bytesText, counted } from '../terminal/units.ts'
import type { ArchiveContents } from './contents/contents.ts'
import { LocatedContents } from './contents/located-contents.ts'
import { openContents } from './contents/open-contents.ts'
import type { Selection } from './contents/stream-scan.ts'
import { ArchiveUnavailableError, damagedArchive, NoSuchFileError } from './errors.ts'
import { nameOfAddress, parseAddress } from './sources/address.ts'
import type { CountedSource } from './sources/counted-source.ts'
import { openSource } from './sources/open-source.ts'
import type { OpenSource } from './sources/source.ts'

/** What a command has read from an archive. */
interface ReadBytes {
  readonly bytes: number
  /** The size of the archive in bytes. */
  readonly size: number
  readonly requests: number
}

/** Throws `ArchiveUnavailableError` if this version of Node.js cannot read archives, because it has no zstd. */
export const checkZstd = (module: object = zlib, version = process.versions.node): void => {
  if ('zstdDecompressSync' in module) return
  throw new ArchiveUnavailableError(`Node.js 22.15 or later is needed to read archives, but this is Node.js ${version}`)
}

/** Opens the archive at an address, calls `use`, and closes it. */
export const withSource = async <Result>(
  context: CommandContext,
  address: string,
  use: (source: CountedSource) => Promise<Result>,
): Promise<Result> => {
  checkZstd()
  const source = await openSource(address, {
    objects: () => new ObjectStore(s3ClientOf(context.settings())),
    job: (id) => (isJobId(id) ? openArchiveOfJob(context, id) : undefined),
  })
  try {
    return await use(source)
  } finally {
    await source.close()
  }
}

/** Opens the archive of an export job by range requests, with the URL that the API has signed. */
const openArchiveOfJob = async ({ api }: CommandContext, id: string): Promise<OpenSource> => {
  const job = await findJob(api(), id).catch((error: unknown) => {
    if (error instanceof UnreachableError)
      throw new ArchiveUnavailableError(`there is no such file: ${id}. If it is a job: ${error.message}`, {
        cause: error,
      })
    if (!(error instanceof ProblemError) || error.problem.status !== 404) throw error
    throw new NoSuchFileError(`there is no file and no job with the name ${id}`, { cause: error })
  })
  return openJobArchive(job, () => findJob(api(), id))
}

interface OpenOptions {
  /** The resources that the command needs. By default, all. */
  readonly selection?: Selection | undefined
}

/** Opens the content of the archive at an address, calls `use`, and closes it. Errors about damage name the archive. */
export const withContents = <Result>(
  context: CommandContext,
  address: string,
  { selection }: OpenOptions,
  use: (contents: ArchiveContents, source: CountedSource) => Promise<Result>,
): Promise<Result> =>
  withSource(context, address, async (source) => {
    const contents = await openContents(source, selection).catch((error: unknown) => {
      throw namedFault(error, address)
    })
    try {
      return await use(new LocatedContents(contents, nameOfAddress(parseAddress(address))), source)
    } finally {
      await contents.close()
    }
  })

/**
 * Returns an error that names the archive, if the archive could not be opened because of the fault `error`. Returns any
 * other error as it is.
 */
export const namedFault = (error: unknown, address: string): unknown =>
  damagedArchive(error, nameOfAddress(parseAddress(address)))

export const readBytes = ({ bytes, size, requests }: CountedSource): ReadBytes => ({ bytes, size, requests })

/** Returns a line for people with what was read. It begins with `verb`. */
export const readText = ({ bytes, size, requests }: ReadBytes, verb = 'Read'): string => {
  const repeated = bytes > size ? ' Some parts were read more than once.' : ''
  return `${verb} ${bytesText(bytes)} of ${bytesText(size)} with ${counted(requests, 'request')}.${repeated}`
}

/** Advises on stderr to check the whole archive, unless the output is JSON. */
export const adviseToVerify = ({ output }: CommandContext): void => {
  if (!output.json) output.note('Run specstar-backup verify to check the whole archive.')
}

/** Writes to stderr what was read: with `--json`, as one line of JSON. For commands whose result is a list or text. */
export const noteRead = ({ output }: CommandContext, source: CountedSource): void => {
  output.note(readText(readBytes(source)), { read: readBytes(source) })
}
