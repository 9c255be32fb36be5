import { isSpecStarStream, STREAM_HEAD_BYTES } from '../../archive/specstar-stream.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import { beginJob, archiveJob } from '../../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import { type Attempt, runPass } from '../../jobs/pass.ts'
import { ORDER_START } from '../../specstar/stream-order.ts'
import { CONVERT, ConvertCursor, type ConvertResult } from '../messages/convert.ts'
import { pinArchive } from '../pin-archive.ts'
import { convertBlobs } from './convert-blobs.ts'
import { convertRecords } from './convert-records.ts'
import { finishConvert } from './finish-convert.ts'
import { mergeRuns } from './merge-runs.ts'
import { scanStream } from './scan-stream.ts'
import type { ConvertServices } from './services.ts'

/**
 * Runs one pass of the conversion of a SpecStar stream to an archive of version 3. If the archive of the job is not a
 * stream, the pass does nothing. The passes run one after the other, because a stream can only be read in order.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over what it has finished: the records that it has
 * read or merged, the digest buckets and blobs that it has written, or the parts of the archive.
 */
export const convert = async (
  input: PassInput,
  services: ConvertServices & { readonly clock: () => Date },
): Promise<PassOutput> => {
  if (input.pass === 0) await beginJob(services, input.job_id)
  return runPass(CONVERT, input, services, (attempt) => convertPass(attempt, services))
}

const convertPass = async (attempt: Attempt, services: ConvertServices): Promise<ConvertResult> => {
  const cursor = readCursor(ConvertCursor, attempt) ?? (await firstCursor(services, attempt.job_id))
  if (cursor === undefined) return { ...continueAt(undefined), phase: 'not-a-stream' }
  switch (cursor.phase) {
    case 'scan':
      return scanStream(attempt, services, cursor)
    case 'merge': {
      const merged = await mergeRuns(attempt, services, cursor)
      return merged ?? convertRecords(attempt, services, { ...cursor, phase: 'records', run_offsets: [] })
    }
    case 'records':
      return convertRecords(attempt, services, cursor)
    case 'blobs':
      return convertBlobs(attempt, services, cursor)
    case 'finish':
      return finishConvert(attempt, services, cursor)
  }
}

/**
 * Pins the archive of the job. Returns the first cursor if the archive is a stream, and `undefined` for any other
 * archive.
 */
const firstCursor = async ({ jobs, objects }: ConvertServices, jobId: string): Promise<ConvertCursor | undefined> => {
  const { request } = await archiveJob({ jobs }, jobId)
  const source = await pinArchive({ objects }, request)
  const head = await objects.readBytes(source, 0, Math.min(STREAM_HEAD_BYTES, source.size))
  if (!isSpecStarStream(head)) return undefined
  await jobs.plan(jobId, CONVERT.name, 1)
  return { phase: 'scan', source, position: { offset: 0, records: 0 }, order: ORDER_START }
}
