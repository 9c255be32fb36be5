import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { EntryCorruptError } from '../archive/errors.ts'
import { blobName } from '../blobs/blob-name.ts'
import { type Attempt, type PassResult, runPass } from '../jobs/pass.ts'
import type { PassInput, PassOutput } from '../jobs/stage-messages.ts'
import type { Services } from '../runtime/services.ts'
import { readBlobList, type RestoredBlob } from './blob-list.ts'
import { restorePlan } from './plan.ts'
import type { PreflightBlobsResult } from './preflight-blobs.ts'

export interface ApplyBlobsResult extends PassResult {
  readonly written: number
}

/** From this size on the bytes are copied by the storage itself, out of the pinned object whose bytes preflight checked. */
const COPIED_FROM = 16 * 1024 * 1024

/** Eight blobs of under 16 MiB bound the memory of a pass. */
const PARALLEL_BLOBS = 8

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
  while (next < todo.length && (next === first || !attempt.timeIsUp())) {
    const batch = todo.slice(next, next + 64)
    await pMap(
      batch,
      async (blob) => {
        await lease.check()
        await writeBlob(services, plan.archive, blob)
      },
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

const writeBlob = async (
  { objects, blobs, payloads }: Services,
  archive: Parameters<typeof objects.readBytes>[0],
  blob: RestoredBlob,
): Promise<void> => {
  const { id, offset, size, sha256, content_type } = blob
  const type = content_type === undefined ? {} : { content_type }
  const range = { object: archive, start: offset, length: size }
  if (size >= COPIED_FROM) {
    if (blob.kind === 'payload') await payloads.copyIn(id, range)
    else await blobs.copyIn(id, range, { sha256, ...type })
    return
  }
  const bytes = await objects.readBytes(archive, offset, size)
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256)
    throw new EntryCorruptError(blob.kind === 'payload' ? `payloads/${id}` : `blobs/${blobName(id)}`, sha256, actual)
  if (blob.kind === 'payload') await payloads.put(id, bytes)
  else await blobs.put(id, bytes, { size, sha256, ...type })
}
