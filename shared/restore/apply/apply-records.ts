import { type Attempt, type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { type AppliedResource, OverwriteWriter, PresentWriter, type ResourceApplier } from './apply-resource.ts'
import { type ExtentCursor, extentEvents } from '../extents.ts'
import { openPlanned, restorePlan } from '../inspect/restore-plan.ts'
import { applyPlan } from './plan-apply-records.ts'
import { workKey } from '../work-keys.ts'

export interface ApplyRecordsResult extends PassResult {
  readonly model: string
  readonly loaded: number
  readonly skipped: number
  /** Resources that someone else created after preflight, as a JSON list of ids; verification leaves them out. */
  readonly skippedAfterConflict?: PinnedObject
}

/** Resources that are under way at once: enough to fill batches of 25, few enough to hold in memory. */
const IN_FLIGHT = 64

/** One pass over an extent: each resource's revisions, then its metadata, then its surplus revisions go. */
export const applyRecords = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<ApplyRecordsResult>('apply-records'), input, services, (attempt) => applyPass(attempt, services))

const applyPass = async (attempt: Attempt, services: Services): Promise<ApplyRecordsResult> => {
  const { job_id, n } = attempt
  const job = await restoreJob(services, job_id)
  const { request } = job
  const plan = await restorePlan(services, job_id)
  const extent = (await applyPlan(services, job_id))[n]
  if (extent === undefined) throw new Error(`job ${job_id} has no extent ${n}`)
  const archive = await openPlanned(services, plan)
  const lease = services.leases.held([extent.model], job_id)
  const writer = services.resources.writer({ guard: () => lease.check() })
  const start = attempt.cursor === undefined ? undefined : (JSON.parse(attempt.cursor) as ExtentCursor)
  const context = { services, writer, model: extent.model, jobId: job_id, strategy: request.on_duplicate } as const
  const applier: ResourceApplier =
    request.on_duplicate === 'overwrite'
      ? new OverwriteWriter(context, {
          after: start?.from.bucket ?? extent.after,
          upTo: extent.upTo,
          ids: request.filters.ids,
        })
      : new PresentWriter(context)

  const outcome = { loaded: 0, skipped: 0 }
  const skippedAfterConflict: string[] = []
  const underWay = new Set<Promise<void>>()
  let current: AppliedResource | undefined
  let cursor: ExtentCursor | undefined
  const first = start?.from.bucket ?? extent.from?.bucket
  let failure: unknown
  const settle = (resource: AppliedResource): void => {
    const work: Promise<void> = resource
      .end()
      .then((written) => {
        outcome[written ? 'loaded' : 'skipped'] += 1
        if (!written) skippedAfterConflict.push(resource.id)
      })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }
  try {
    let lastBucket = first
    applying: for await (const events of extentEvents(services, archive, extent, job, start)) {
      for (const event of events) {
        if (failure !== undefined) break applying
        if (event.kind === 'revision') await current?.revision(event.record)
        else if (event.kind === 'end') {
          if (current !== undefined) settle(current)
          current = undefined
          if (underWay.size >= IN_FLIGHT) await Promise.race(underWay)
        } else {
          const { resource } = event
          const { bucket } = resource.cursor.from
          if (
            lastBucket !== undefined &&
            bucket !== lastBucket &&
            attempt.timeIsUp() &&
            resource.cursor.place > (start?.place ?? 0)
          ) {
            cursor = resource.cursor
            break applying
          }
          lastBucket = bucket
          if (resource.existed && request.on_duplicate === 'skip') outcome.skipped += 1
          else current = await applier.begin(resource)
        }
      }
    }
  } finally {
    await Promise.all(underWay)
    await applier.close()
    await writer.drain()
  }
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error('a write failed', { cause: failure })
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor: JSON.stringify(cursor) }),
    model: extent.model,
    ...outcome,
    ...(skippedAfterConflict.length === 0
      ? {}
      : {
          skippedAfterConflict: await services.objects.putJson(
            services.config.buckets.work,
            workKey.findings(job_id, 'skippedAfterConflict', n, attempt.attempt),
            skippedAfterConflict,
          ),
        }),
  }
}
