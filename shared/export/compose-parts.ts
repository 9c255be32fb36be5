import pMap from 'p-map'
import type { Part } from '../objects/part-layout.ts'
import { type Attempt, type PassResult, runPass, untyped } from '../jobs/pass.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { Composer } from '../objects/composer.ts'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import type { UploadedPart } from '../objects/aws/multipart-upload.ts'
import type { Services } from '../runtime/services.ts'
import { type ComposePiece, type ComposeTarget, partsOf } from '../compose/compose-plan.ts'
import type { ComposePlan } from './plan-compose.ts'
import { workKey } from './work-keys.ts'

/** A run of segments, joined into one object. */
export interface JoinResult extends PassResult {
  readonly object: PinnedObject
}

export interface PartsResult extends PassResult {
  readonly parts: readonly UploadedPart[]
}

/** Copies wait on S3, uploads hold at most 37 MiB each: three at once keep a child far below its memory. */
const PARALLEL_PARTS = 3

/** One child of the compose stage: makes its parts of the archive, or joins its run of segments. */
export const composeParts = async (input: PassInput, services: Services): Promise<PassOutput> => {
  const { plan, round } = await latestPlan(services, input.job_id)
  return plan.kind === 'join'
    ? runPass(untyped<JoinResult>(`join-${round}`), input, services, (attempt) =>
        joinRun(attempt, services, plan.runs[attempt.n] ?? [], round),
      )
    : runPass(untyped<PartsResult>('compose-parts'), input, services, (attempt) =>
        makeParts(services, plan.target, plan.items[attempt.n] ?? []),
      )
}

/** The plan of the newest round. Rounds are few: each joins up to ten thousand segments into a thousand. */
export const latestPlan = async (
  { objects, config }: Services,
  jobId: string,
): Promise<{ plan: ComposePlan; round: number }> => {
  for (let round = 0; ; round++) {
    const plan = await objects.getJson<ComposePlan>(config.buckets.work, workKey.composePlan(jobId, round))
    if (plan === undefined) throw new Error(`job ${jobId} has no compose plan ${round}`)
    if (plan.kind === 'archive') return { plan, round }
    const next = await objects.head(config.buckets.work, workKey.composePlan(jobId, round + 1))
    if (next === undefined) return { plan, round }
  }
}

const joinRun = async (
  { job_id, n, attempt }: Attempt,
  { objects, config }: Services,
  run: readonly PinnedObject[],
  round: number,
): Promise<JoinResult> => {
  const composer = new Composer(objects, config.buckets.work, workKey.joined(job_id, round, n, attempt))
  try {
    for (const object of run) await composer.object({ object, start: 0, length: object.size })
    return { done: true, object: await composer.finish() }
  } catch (error) {
    await composer.abort()
    throw error
  }
}

const makeParts = async (
  services: Services,
  target: ComposeTarget,
  numbers: readonly number[],
): Promise<PartsResult> => {
  const wanted = new Set(numbers)
  const upload = services.objects.resumeMultipart(target.bucket, target.key, target.upload_id)
  const parts = await pMap(
    partsOf(target.pieces).filter(({ number }) => wanted.has(number)),
    async (part): Promise<UploadedPart> => {
      if (part.kind === 'copy') return upload.copyPart(part.number, rangeOf(target.pieces, part.slice))
      return upload.uploadPart(part.number, await bytesOf(services, target.pieces, part))
    },
    { concurrency: PARALLEL_PARTS },
  )
  return { done: true, parts }
}

const rangeOf = (
  pieces: readonly ComposePiece[],
  { source, start, length }: { source: number; start: number; length: number },
): ObjectRange => {
  const piece = pieces[source]
  if (piece === undefined) throw new Error(`no piece ${source}`)
  return { object: piece.object, start, length }
}

/** The bytes of a part that is uploaded: whole small segments, and the heads of large ones. */
const bytesOf = async (
  { objects }: Services,
  pieces: readonly ComposePiece[],
  part: Part<number> & { kind: 'upload' },
): Promise<Buffer> => {
  const slices: Buffer[] = []
  for (const slice of part.slices) {
    const { object, start, length } = rangeOf(pieces, slice)
    slices.push(await objects.readBytes(object, start, length))
  }
  return Buffer.concat(slices)
}
