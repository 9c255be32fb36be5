import { createHash, randomUUID } from 'node:crypto'
import { encodeManifest } from '../archive/manifest.ts'
import { encodeTail } from '../archive/tail.ts'
import { allResults, untyped } from '../jobs/pass.ts'
import type { ExportJob } from '../jobs/job.ts'
import { exportJob } from '../jobs/find-job.ts'
import { type ComposeInput, type ComposeOutput, plannedItems } from '../jobs/messages.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import { archiveKey } from './archive-key.ts'
import { type AssembledStream, assembleStream } from './assemble-stream.ts'
import { type ComposePiece, type ComposeTarget, partsOf, runsOf } from '../compose/compose-plan.ts'
import type { JoinResult } from './compose-parts.ts'
import { assemble } from './manifest.ts'
import { workKey } from './work-keys.ts'

/** One round of composing: the archive itself, or, where that would take too many parts, runs of segments. */
export type ComposePlan =
  | { readonly kind: 'join'; readonly runs: readonly (readonly PinnedObject[])[] }
  | {
      readonly kind: 'archive'
      readonly target: ComposeTarget
      /** Each child's run of part numbers. */
      readonly items: readonly (readonly number[])[]
      /** Absent for SpecStar's stream, which has no manifest. */
      readonly manifest_sha256?: string
    }

/** Plans a round. The plan is written once; a repeat gives the same one. */
export const planCompose = async ({ job_id, round }: ComposeInput, services: Services): Promise<ComposeOutput> => {
  const { objects, config } = services
  const key = workKey.composePlan(job_id, round)
  const plan =
    (await objects.getJson<ComposePlan>(config.buckets.work, key)) ?? (await makePlan(services, job_id, round, key))
  const count = plan.kind === 'join' ? plan.runs.length : plan.items.length
  await services.jobs.plan(job_id, 'compose-parts', count)
  return { ...plannedItems(job_id, count), round, more: plan.kind === 'join' }
}

const makePlan = async (services: Services, jobId: string, round: number, key: string): Promise<ComposePlan> => {
  const { objects, config, limits } = services
  const tail = round === 0 ? await assembleTail(services, jobId) : await readTail(services, jobId)
  const segments = round === 0 ? tail.segments : await joinedSegments(services, jobId, round - 1)
  const pieces: ComposePiece[] = [
    ...segments.map((object) => ({ object, copyable: true })),
    { object: tail.object, copyable: false },
  ]
  const parts = partsOf(pieces)
  if (parts.length > limits.maxParts && segments.length > limits.maxJoins) {
    const plan: ComposePlan = { kind: 'join', runs: runsOf(segments, limits.maxJoins) }
    await objects.putJson(config.buckets.work, key, plan, { ifAbsent: true })
    return plan
  }
  const job = await exportJob(services, jobId)
  const bucket = config.buckets.archives
  const target = archiveKey(job)
  const upload = await objects.multipart(bucket, target, { contentType: 'application/octet-stream' })
  const plan: ComposePlan = {
    kind: 'archive',
    target: { bucket, key: target, upload_id: upload.uploadId, pieces },
    items: runsOf(
      parts.map(({ number }) => number),
      Math.ceil(parts.length / limits.partsPerItem),
    ),
    ...(tail.manifest_sha256 === undefined ? {} : { manifest_sha256: tail.manifest_sha256 }),
  }
  if ((await objects.putJson(config.buckets.work, key, plan, { ifAbsent: true })) !== 'exists') return plan
  const kept = await objects.getJson<ComposePlan>(config.buckets.work, key)
  if (kept === undefined) throw new Error(`job ${jobId}: compose plan ${round} is gone`)
  // Another attempt was first: its upload counts, ours is taken away. Or it was this one, and the first answer was lost.
  if (kept.kind !== 'archive' || kept.target.upload_id !== upload.uploadId) await upload.abort()
  return kept
}

/** What follows the segments (or pieces of a stream): an archive's manifest and trailer, a stream's end. */
interface Tail {
  readonly object: PinnedObject
  readonly segments: readonly PinnedObject[]
  readonly manifest_sha256?: string
  /** Of a stream: what the job tells, which an archive's manifest says itself. */
  readonly told?: AssembledStream['told']
}

/** What a stream's job tells of it. */
export const toldOfStream = async (services: Services, jobId: string): Promise<AssembledStream['told']> => {
  const { told } = await readTail(services, jobId)
  if (told === undefined) throw new Error(`job ${jobId} made no stream`)
  return told
}

/**
 * Writes the manifest and trailer once: `created_at` must be the same in every attempt. Each attempt writes a tail of its own,
 * and the first plan that names one counts.
 */
const assembleTail = async (services: Services, jobId: string): Promise<Tail> => {
  const { objects, config } = services
  const kept = await objects.getJson<Tail>(config.buckets.work, workKey.tailPlan(jobId))
  if (kept !== undefined) return kept
  const job = await exportJob(services, jobId)
  const attempt = randomUUID()
  const tail =
    job.request.format === 'specstar'
      ? await streamTail(services, job, attempt)
      : await archiveTail(services, job, attempt)
  await objects.putJson(config.buckets.work, workKey.tailPlan(jobId), tail, { ifAbsent: true })
  return readTail(services, jobId)
}

const streamTail = async (services: Services, job: ExportJob, attempt: string): Promise<Tail> => {
  const { pieces, end, told } = await assembleStream(services, job, attempt)
  return { object: await putTail(services, job, attempt, end), segments: pieces, told }
}

const archiveTail = async (services: Services, job: ExportJob, attempt: string): Promise<Tail> => {
  const { manifest, segments } = await assemble(services, job)
  const encoded = encodeManifest(manifest)
  const offset = segments.reduce((sum, { size }) => sum + size, 0)
  return {
    object: await putTail(services, job, attempt, await encodeTail(encoded, offset)),
    segments,
    manifest_sha256: createHash('sha256').update(encoded).digest('hex'),
  }
}

const putTail = (
  { objects, config }: Services,
  { job_id }: ExportJob,
  attempt: string,
  bytes: Buffer,
): Promise<PinnedObject> => objects.put(config.buckets.work, workKey.tail(job_id, attempt), bytes)

const readTail = async ({ objects, config }: Services, jobId: string): Promise<Tail> => {
  const tail = await objects.getJson<Tail>(config.buckets.work, workKey.tailPlan(jobId))
  if (tail === undefined) throw new Error(`job ${jobId} has no manifest`)
  return tail
}

const joinedSegments = async (services: Services, jobId: string, round: number): Promise<PinnedObject[]> =>
  (await allResults(services, jobId, untyped<JoinResult>(`join-${round}`))).map(({ object }) => object)
