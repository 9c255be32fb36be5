import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import pMap from 'p-map'
import { EntryCorruptError } from '../../archive/errors.ts'
import { blobName } from '../../blobs/blob-name.ts'
import type { BlobContent } from '../../blobs/blob-store.ts'
import { allResults, type Attempt, type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { readBlobList, type RestoredBlob } from '../preflight/blob-list.ts'
import { type BlobRun, blobRuns } from './blob-runs.ts'
import { ConflictError } from '../errors.ts'
import { restorePlan } from '../inspect/restore-plan.ts'
import type { PreflightBlobsResult } from '../preflight/preflight-blobs.ts'
import { workKey } from '../work-keys.ts'

export interface ApplyBlobsResult extends PassResult {
  readonly written: number
  /** Under `skip`: blobs that another writer put under the same ids after preflight, as a JSON list of ids. */
  readonly conflicts?: PinnedObject
}

/** From this size on the bytes are copied by the storage itself, out of the pinned object whose bytes preflight checked. */
const COPIED_FROM = 16 * 1024 * 1024

/** Eight runs, or blobs of under 16 MiB, bound the memory of a pass. */
const PARALLEL_BLOBS = 8
/** Blobs between two looks at the clock: enough to fill runs, some seconds at the most. */
const BATCH = 256

/** One pass over a list of blobs: writes those that are missing or different. */
export const applyBlobs = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<ApplyBlobsResult>('apply-blobs'), input, services, (attempt) => applyPass(attempt, services))

const applyPass = async (attempt: Attempt, services: Services): Promise<ApplyBlobsResult> => {
  const { job_id } = attempt
  const { request } = await restoreJob(services, job_id)
  const plan = await restorePlan(services, job_id)
  const todo = (await blobListOf(services, job_id, attempt.n)).filter(
    ({ action }) => action === 'new' || action === 'changed',
  )
  const lease = services.leases.held(plan.models, job_id)
  let next = Number(attempt.cursor ?? 0)
  const first = next
  const conflicts: string[] = []
  const writer: BlobWriter = {
    services,
    archive: plan.archive,
    replaces: request.on_duplicate === 'overwrite',
    rival: (id) => {
      if (request.on_duplicate === 'raise_error') throw new ConflictError('blob', id)
      conflicts.push(id)
    },
    guard: () => lease.check(),
    puts: pLimit(PARALLEL_BLOBS),
  }
  while (next < todo.length && (!attempt.timeIsUp() || next === first)) {
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
  return {
    done,
    ...(done ? {} : { cursor: `${next}` }),
    written: next - first - conflicts.length,
    ...(conflicts.length === 0
      ? {}
      : {
          conflicts: await services.objects.putJson(
            services.config.buckets.work,
            workKey.findings(job_id, 'conflicts', attempt.n, attempt.attempt),
            conflicts,
          ),
        }),
  }
}

/** Blobs that another writer put between preflight and write, and that `skip` left: of one list, or of all. */
export const lateConflicts = async (services: Services, jobId: string, n?: number): Promise<string[]> => {
  const ids: string[] = []
  for await (const { result } of services.jobs.results(jobId, untyped<ApplyBlobsResult>('apply-blobs'), n)) {
    if (result.conflicts === undefined) continue
    const bytes = await services.objects.readBytes(result.conflicts, 0, result.conflicts.size)
    for (const id of JSON.parse(bytes.toString()) as string[]) ids.push(id)
  }
  return ids
}

/** The n-th list that preflight made. */
export const blobListOf = async (services: Services, jobId: string, n: number): Promise<RestoredBlob[]> => {
  const list = (await allResults(services, jobId, untyped<PreflightBlobsResult>('preflight-blobs')))[n]
  if (list === undefined) throw new Error(`job ${jobId} has no blob list ${n}`)
  return readBlobList(services, list.list)
}

interface BlobWriter {
  readonly services: Services
  readonly archive: PinnedObject
  /** `overwrite`. Else a blob that another writer put since preflight stays, and `rival` is told where its bytes are others. */
  readonly replaces: boolean
  readonly rival: (id: string) => void
  /** Awaited before each write: a restore's lease. */
  readonly guard: () => Promise<void>
  /** Over all runs that are under way. */
  readonly puts: <T>(work: () => Promise<T>) => Promise<T>
}

const copyBlob = async (writer: BlobWriter, blob: RestoredBlob): Promise<void> => {
  const { services, archive, guard, replaces } = writer
  const { payloads, blobs } = services
  const range = { object: archive, start: blob.offset, length: blob.size }
  await guard()
  if (blob.kind === 'payload') await payloads.copyIn(blob.id, range)
  else if (replaces) await blobs.copyIn(blob.id, range, contentOf(blob))
  else if (!(await blobs.copyInIfAbsent(blob.id, range, contentOf(blob)))) await yieldTo(writer, blob)
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

const writeBlob = async (writer: BlobWriter, blob: RestoredBlob, bytes: Buffer): Promise<void> => {
  const { payloads, blobs } = writer.services
  const { id, kind, size, sha256 } = blob
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256)
    throw new EntryCorruptError(kind === 'payload' ? `payloads/${id}` : `blobs/${blobName(id)}`, sha256, actual)
  const content = { size, ...contentOf(blob) }
  await writer.guard()
  // A payload lies under its own SHA-256: whoever else writes it writes the same.
  if (kind === 'payload') await payloads.put(id, bytes)
  else if (writer.replaces) await blobs.put(id, bytes, content)
  else if (!(await blobs.putIfAbsent(id, bytes, content))) await yieldTo(writer, blob)
}

/** What stands there by now is ours from an attempt before, another writer's with the same bytes, or a rival. */
const yieldTo = async ({ services, rival }: BlobWriter, { id, size, sha256 }: RestoredBlob): Promise<void> => {
  const standing = await services.blobs.sha256Of(id)
  if (standing?.sha256 !== sha256 || standing.object.size !== size) rival(id)
}

const contentOf = ({ sha256, content_type }: RestoredBlob): BlobContent => ({
  sha256,
  ...(content_type === undefined ? {} : { content_type }),
})
