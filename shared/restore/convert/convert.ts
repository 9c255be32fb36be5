import { isSpecStarStream, STREAM_HEAD_BYTES } from '../../archive/specstar-stream.ts'
import { type Attempt, runPass, untyped } from '../../jobs/pass.ts'
import { beginJob, restoreJob } from '../../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import { pinArchive } from '../pin-archive.ts'
import type { Services } from '../../runtime/services.ts'
import { convertBlobs } from './convert-blobs.ts'
import { ConvertCursor, type ConvertPart, type ConvertResult } from './messages.ts'
import { convertRecords } from './convert-records.ts'
import { finishConvert } from './finish-convert.ts'
import { joinRuns } from './join-runs.ts'
import { scanStream } from './scan-stream.ts'
import { ORDER_START } from '../../specstar/stream-order.ts'

/**
 * One pass of converting SpecStar's stream into an archive of version 3. What is no such stream (by its first bytes) is left
 * as it is. A stream is written by one process, one record after the other, and it is converted so: passes follow each other.
 */
export const convert = async (input: PassInput, services: Services): Promise<PassOutput> => {
  if (input.pass === 0) await beginJob(services, input.job_id)
  return runPass(untyped<ConvertResult>('convert'), input, services, (attempt) => convertPass(attempt, services))
}

const convertPass = async (attempt: Attempt, services: Services): Promise<ConvertResult> => {
  const cursor = attempt.cursor === undefined ? await begin(attempt, services) : parseCursor(attempt.cursor)
  if (cursor === undefined) return { phase: 'not-a-stream', done: true }
  if (cursor.phase === 'finish') return { ...(await finishConvert(attempt, services, cursor)), done: true }
  const { part, next } = await phasePass(attempt, services, cursor)
  return { ...part, done: false, cursor: JSON.stringify(next) }
}

const phasePass = async (
  attempt: Attempt,
  services: Services,
  cursor: Exclude<ConvertCursor, { readonly phase: 'finish' }>,
): Promise<{ readonly part: ConvertPart; readonly next: ConvertCursor }> => {
  switch (cursor.phase) {
    case 'scan':
      return scanStream(attempt, services, cursor)
    case 'join': {
      const { part, next } = await joinRuns(attempt, services, cursor)
      // Nothing to join: the pass goes on with what comes next.
      if (part !== undefined) return { part, next }
      return next.phase === 'records' ? convertRecords(attempt, services, next) : phasePass(attempt, services, cursor)
    }
    case 'records':
      return convertRecords(attempt, services, cursor)
    case 'blobs':
      return convertBlobs(attempt, services, cursor)
  }
}

const parseCursor = (text: string): ConvertCursor => ConvertCursor.parse(JSON.parse(text))

const begin = async ({ job_id }: Attempt, services: Services): Promise<ConvertCursor | undefined> => {
  const { request } = await restoreJob(services, job_id)
  const source = await pinArchive(services, request)
  const head = await services.objects.readBytes(source, 0, Math.min(STREAM_HEAD_BYTES, source.size))
  if (!isSpecStarStream(head)) return undefined
  await services.jobs.plan(job_id, 'convert', 1)
  return { phase: 'scan', source, position: { offset: 0, records: 0 }, order: ORDER_START }
}
