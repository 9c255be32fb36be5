import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import pMap from 'p-map'
import { EntryCorruptError } from '../archive/errors.ts'
import { blobName } from '../blobs/blob-name.ts'
import type { BlobContent } from '../blobs/blob-store.ts'
import { type Attempt, type PassResult, runPass } from '../jobs/pass.ts'
import type { PassInput, PassOutput } from '../jobs/stage-messages.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { readBlobList, type RestoredBlob } from './blob-list.ts'
import { type BlobRun, blobRuns } from './blob-runs.ts'
import { restorePlan } from './plan.ts'
import type { PreflightBlobsResult } from './preflight-blobs.ts'

export interface ApplyBlobsResult extends PassResult {
  readonly written: number
}

/** From this size on the bytes are copied by the storage itself, out of the pinned object whose bytes preflight checked. */
const COPIED_FROM = 16 * 1024 * 1024

/** Eight runs, or blobs of under 16 MiB, bound the memory of a pass. */
const PARALLEL_BLOBS = 8
/** Blobs between two looks at the clock: enough to fill runs, some seconds at the most. */
const BATCH = 256

/** One pass over a list of blobs: writes those that are missing or different. */
export const applyBlobs = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass<ApplyBlobsResult>('apply-blobs', input, services, (attempt) => applyPass(attempt, services))

const applyPass = async (attempt: Attempt, services: Services): Promise<ApplyBlobsResult> => {
  const { job_id } = attempt
  const plan = await restorePlan(services, job_id)
  const todo = (await blobListOf(services, job_id, attempt.n)).filter(
    ({ action }) => action === 'new' || action === 'changed',
  )
  const lease = services.leases.held(plan.models, job_id)
  let next = Number(attempt.cursor ?? 0)
  const first = next
  const writer: BlobWriter = {
    services,
    archive: plan.archive,
    guard: () => lease.check(),
    puts: pLimit(PARALLEL_BLOBS),
  }
  while (next < todo.length && (next === first || !attempt.timeIsUp())) {
    const batch = todo.slice(next, next + BATCH)
    const copied = batch.filter(({ size }) => size >= COPIED_FROM)
    const runs = blobRuns(batch.filter(({ size }) => size < COPIED_FROM))
    await pMap(
      [...copied.map((blob) => () => copyBlob(writer, blob)), ...runs.map((run) => () => writeRun(writer, run))],
      (work) => work(),
      { concurrency: PARALLEL_BLOBS },
    )
    next += batch.length
  }
  const done = next >= todo.length
  return { done, ...(done ? {} : { cursor: `${next}` }), written: next - first }
}

/** The n-th list that preflight made. */
export const blobListOf = async (services: Services, jobId: string, n: number): Promise<RestoredBlob[]> => {
  const lists: PreflightBlobsResult[] = []
  for await (const { result } of services.jobs.results<PreflightBlobsResult>(jobId, 'preflight-blobs'))
    lists.push(result)
  const list = lists[n]
  if (list === undefined) throw new Error(`job ${jobId} has no blob list ${n}`)
  return readBlobList(services, list.list)
}

interface BlobWriter {
  readonly services: Services
  readonly archive: PinnedObject
  /** Awaited before each write: a restore's lease. */
  readonly guard: () => Promise<void>
  /** Over all runs that are under way. */
  readonly puts: <T>(work: () => Promise<T>) => Promise<T>
}

const copyBlob = async ({ services, archive, guard }: BlobWriter, blob: RestoredBlob): Promise<void> => {
  const range = { object: archive, start: blob.offset, length: blob.size }
  await guard()
  if (blob.kind === 'payload') await services.payloads.copyIn(blob.id, range)
  else await services.blobs.copyIn(blob.id, range, contentOf(blob))
}

/** Reads a run, and writes each of its blobs once its bytes have proved to be those that preflight checked. */
const writeRun = async (writer: BlobWriter, { start, length, blobs }: BlobRun): Promise<void> => {
  const bytes = await writer.services.objects.readBytes(writer.archive, start, length)
  await Promise.all(
    blobs.map((blob) =>
      writer.puts(() => writeBlob(writer, blob, bytes.subarray(blob.offset - start, blob.offset - start + blob.size))),
    ),
  )
}

const writeBlob = async ({ services, guard }: BlobWriter, blob: RestoredBlob, bytes: Buffer): Promise<void> => {
  const { id, kind, size, sha256 } = blob
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256)
    throw new EntryCorruptError(kind === 'payload' ? `payloads/${id}` : `blobs/${blobName(id)}`, sha256, actual)
  await guard()
  if (kind === 'payload') await services.payloads.put(id, bytes)
  else await services.blobs.put(id, bytes, { size, ...contentOf(blob) })
}

const contentOf = ({ sha256, content_type }: RestoredBlob): BlobContent => ({
  sha256,
  ...(content_type === undefined ? {} : { content_type }),
})
