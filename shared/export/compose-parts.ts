import * as z from 'zod'
import { planParts } from '../compose/compose-plan.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { continueAt, readCursor } from '../jobs/cursor.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import { uploadInSteps } from '../jobs/upload-in-steps.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { workUntil } from '../jobs/work-until.ts'
import type { UploadedPart } from '../objects/aws/multipart-upload.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { ByteBudget } from '../objects/byte-budget.ts'
import { type ObjectRange, PinnedObject } from '../objects/object.ts'
import { type Part, PartLayout, type Slice } from '../objects/part-layout.ts'
import type { PartSource } from '../objects/part-source.ts'
import { latestComposePlan } from './latest-compose-plan.ts'
import {
  COMPOSE_PARTS,
  type ComposePiece,
  type ComposeTarget,
  joinRound,
  type JoinResult,
  type PartsResult,
  workName,
} from './messages.ts'

/** The number of parts that a worker creates at the same time. Most parts are copied by S3 and take no memory. */
const PARALLEL_PARTS = 3
/**
 * The largest size of the parts in memory, in bytes. A part that the worker uploads has up to 37 MiB, and usually 32
 * MiB.
 */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/** The number of parts of a map item that earlier passes have created. */
const PartsCursor = z.int()
/** The unfinished upload of a map item that joins segments (`jobs/upload-in-steps.ts`). */
const JoinCursor = PinnedObject

interface ComposeServices {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Runs one pass of a map item of the compose stage. In the last round, a map item creates its parts of the archive. In
 * an earlier round, a map item joins its run of segments into one object.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over the parts before the throttled one.
 */
export const composeParts = async (input: PassInput, services: ComposeServices): Promise<PassOutput> => {
  const { plan, round } = await latestComposePlan(services.workFiles, input.job_id)
  return plan.kind === 'join'
    ? runPass(joinRound(round), input, services, (attempt) =>
        joinRun(attempt, services, plan.runs[attempt.n] ?? [], round),
      )
    : runPass(COMPOSE_PARTS, input, services, (attempt) =>
        createParts(attempt, services.objects, plan.target, plan.items[attempt.n] ?? []),
      )
}

const joinRun = async (
  attempt: Attempt,
  services: ComposeServices,
  run: readonly PinnedObject[],
  round: number,
): Promise<JoinResult> => {
  const { job_id, n, attempt: name } = attempt
  const { workFiles } = services
  const layout = new PartLayout<PartSource>()
  const parts = run.flatMap((object) =>
    layout.add({
      size: object.size,
      source: { range: { object, start: 0, length: object.size } },
      copyable: true,
    }),
  )
  const target = { bucket: workFiles.bucket, key: workFiles.key(job_id, workName.joined(round, n, name)) }
  const joined = await uploadInSteps(
    services,
    attempt,
    target,
    [...parts, ...layout.end()],
    readCursor(JoinCursor, attempt),
  )
  return 'upload' in joined ? continueAt(joined.upload) : { ...continueAt(undefined), object: joined.object }
}

const createParts = async (
  attempt: Attempt,
  objects: ObjectStore,
  target: ComposeTarget,
  numbers: readonly number[],
): Promise<PartsResult> => {
  const done = readCursor(PartsCursor, attempt) ?? 0
  const planned = new Set(numbers.slice(done))
  const upload = objects.resumeMultipart(target.bucket, target.key, target.upload_id)
  const held = new ByteBudget(MAX_HELD_BYTES)
  const parts = await workUntil(
    planParts(target.pieces).filter(({ number }) => planned.has(number)),
    async (part): Promise<UploadedPart> => {
      if (part.kind === 'copy') return upload.copyPart(part.number, rangeOf(target.pieces, part.slice))
      await held.take(part.size)
      try {
        return await upload.uploadPart(part.number, await bytesOfPart(objects, target.pieces, part))
      } finally {
        held.release(part.size)
      }
    },
    { concurrency: PARALLEL_PARTS, timeIsUp: attempt.timeIsUp, mustHandOver: attempt.mustHandOver },
  )
  return { ...continueAt(parts.length < planned.size ? done + parts.length : undefined), parts }
}

const rangeOf = (pieces: readonly ComposePiece[], { source, start, length }: Slice<number>): ObjectRange => {
  const piece = pieces[source]
  if (piece === undefined)
    throw new Error(`the compose plan has no piece ${source}; its pieces are 0 to ${pieces.length - 1}`)
  return { object: piece.object, start, length }
}

/**
 * Returns the bytes of a part that the worker uploads. Such a part consists of small segments, and of the first bytes
 * of large segments.
 */
const bytesOfPart = async (
  objects: ObjectStore,
  pieces: readonly ComposePiece[],
  part: Part<number> & { kind: 'upload' },
): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(part.size)
  let end = 0
  for (const slice of part.slices) {
    const { object, start, length } = rangeOf(pieces, slice)
    end += (await objects.readBytes(object, start, length)).copy(bytes, end)
  }
  if (end !== part.size) throw new Error(`a part must have ${part.size} bytes, but its slices have ${end}`)
  return bytes
}
