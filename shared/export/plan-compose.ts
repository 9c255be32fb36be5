import { planPartItems, planParts, splitIntoRuns } from '../compose/compose-plan.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { Limits } from '../jobs/limits.ts'
import { plannedItems } from '../jobs/messages.ts'
import type { Counts } from '../jobs/progress.ts'
import { allResults } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { archiveKey } from '../catalogue/archive-key.ts'
import {
  COMPOSE_PARTS,
  COMPOSE_PLAN,
  type ComposeInput,
  type ComposeOutput,
  type ComposePiece,
  type ComposePlan,
  joinRound,
  TAIL,
} from './messages.ts'
import { joinedItems } from './joined-items.ts'
import { createTail } from './tail.ts'
import type { TailServices } from './tail-services.ts'

interface PlanComposeServices extends TailServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly limits: Limits
  readonly config: TailServices['config'] & { readonly buckets: { readonly archives: string } }
}

/**
 * Plans the map items of one round of the compose stage. If a plan of this round exists, returns the existing plan, so
 * that repeated attempts agree.
 */
export const planCompose = async (
  { job_id, round }: ComposeInput,
  services: PlanComposeServices,
): Promise<ComposeOutput> => {
  const { jobs, workFiles } = services
  const plan = (await workFiles.find(COMPOSE_PLAN, job_id, round)) ?? (await createPlan(services, job_id, round))
  const count = plan.kind === 'join' ? plan.runs.length : plan.items.length
  await jobs.plan(job_id, COMPOSE_PARTS.name, (await joinedItems(jobs, job_id)) + count, expectedBytes(plan))
  return { ...plannedItems(job_id, count, services.limits), round, more: plan.kind === 'join' }
}

/** Returns the size of the archive. In a round that joins segments, nothing is known. */
const expectedBytes = (plan: ComposePlan): Counts =>
  plan.kind === 'join' ? {} : { bytes: plan.target.pieces.reduce((sum, { object }) => sum + object.size, 0) }

const createPlan = async (services: PlanComposeServices, jobId: string, round: number): Promise<ComposePlan> => {
  const { workFiles, limits } = services
  const tail = round === 0 ? await createTail(services, jobId) : await workFiles.read(TAIL, jobId)
  const segments = round === 0 ? tail.segments : await joinedSegments(services, jobId, round - 1)
  const pieces: ComposePiece[] = [
    ...segments.map((object) => ({ object, copyable: true })),
    { object: tail.object, copyable: false },
  ]
  const parts = planParts(pieces)
  if (parts.length > limits.maxParts && segments.length > limits.maxJoins)
    return workFiles.writeOnce(
      COMPOSE_PLAN,
      { kind: 'join', runs: splitIntoRuns(segments, limits.maxJoins) },
      jobId,
      round,
    )
  const items = planPartItems(parts, limits)
  return beginUpload(services, jobId, round, { pieces, items, manifest_sha256: tail.manifest_sha256 })
}

/**
 * Begins the multipart upload of the archive, and writes the plan that contains the id of the upload. If another
 * attempt has written its plan first, returns that plan and aborts the upload of this attempt.
 */
const beginUpload = async (
  services: PlanComposeServices,
  jobId: string,
  round: number,
  planned: {
    readonly pieces: readonly ComposePiece[]
    readonly items: readonly (readonly number[])[]
    readonly manifest_sha256: string | undefined
  },
): Promise<ComposePlan> => {
  const { objects, workFiles, config } = services
  const bucket = config.buckets.archives
  const key = archiveKey(await exportJob(services, jobId))
  const { pieces, items, manifest_sha256 } = planned
  const upload = await objects.multipart(bucket, key, { contentType: 'application/octet-stream' })
  const plan: ComposePlan = {
    kind: 'archive',
    target: { bucket, key, upload_id: upload.uploadId, pieces },
    items,
    ...(manifest_sha256 === undefined ? {} : { manifest_sha256 }),
  }
  const kept = await workFiles.writeOnce(COMPOSE_PLAN, plan, jobId, round)
  // The uploads are compared, because `writeOnce` can find the plan of this attempt. This happens if the response to
  // its first request was lost and the SDK has repeated the request. The upload must not be aborted then.
  if (kept.kind !== 'archive' || kept.target.upload_id !== upload.uploadId) await upload.abort()
  return kept
}

const joinedSegments = async (services: PlanComposeServices, jobId: string, round: number): Promise<PinnedObject[]> =>
  (await allResults(services, jobId, joinRound(round))).flatMap(({ object }) => object ?? [])
