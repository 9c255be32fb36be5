import { planParts } from '../../shared/compose/compose-plan.ts'
import {
  BLOB_PLAN,
  type BlobsResult,
  COMPOSE_PARTS,
  COMPOSE_PLAN,
  type ComposePlan,
  EXPORT_BLOBS,
  EXPORT_PLAN,
  EXPORT_RECORDS,
  joinRound,
  PLAN_ROUND,
  type RecordsResult,
  TAIL,
} from '../../shared/export/messages.ts'
import { planCompose } from '../../shared/export/plan-compose.ts'
import { planExportBlobs } from '../../shared/export/plan-export-blobs.ts'
import { planExport } from '../../shared/export/plan-export.ts'
import { PassInput, PLAN_ITEMS } from '../../shared/jobs/messages.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import { must } from '../../shared/values/must.ts'
import { LATENCY, RESOURCE, WORKER } from './assumptions.ts'
import { BlobShare, LargeBlobs, type SmallBlobWork } from './blob-work.ts'
import {
  addDigests,
  attemptId,
  bucketName,
  bucketOf,
  packedBytes,
  positionOf,
  referencesOf,
  resourcesIn,
  runBuckets,
  segmentOf,
} from './contents.ts'
import type { StageFunctions } from './lambda.ts'
import { onceStage, passStage, realStage, type SimulatedPass } from './pass-function.ts'
import { JOB, MODEL, passSeconds, shardsOf, type World } from './scenario.ts'

/** What an export has written. */
export interface ExportedArchive {
  readonly object: PinnedObject
  /** The bytes at the end of the archive, with the manifest. */
  readonly tail: Buffer
  /** The blobs of each blob segment, by the offset of the segment in the archive. */
  readonly blobs: readonly BlobShare[]
  readonly segments: number
  readonly parts: number
}

/** The stages of an export: the real planners, and workers that only take time and units. */
export class ExportStages {
  readonly #world: World
  readonly #blobs: LargeBlobs
  readonly #segmentBlobs = new Map<string, BlobShare>()
  #plan: Promise<{ readonly items: readonly (readonly { readonly from: string; readonly to: string }[])[] }> | undefined
  #blobPlan: Promise<{ readonly items: readonly unknown[]; readonly lists: readonly unknown[] }> | undefined
  #composed: { readonly plan: ComposePlan; readonly sizes: readonly number[] } | undefined
  archive: ExportedArchive | undefined

  constructor(world: World) {
    this.#world = world
    this.#blobs = new LargeBlobs(world)
  }

  get functions(): StageFunctions {
    const { services, clock, scenario } = this.#world
    return {
      'plan-export': realStage(PLAN_ITEMS, (input) => planExport(input, services)),
      'export-records': passStage((input) => this.#exportRecords(input)),
      'plan-export-blobs': realStage(PLAN_ITEMS, (input) => planExportBlobs(input, services)),
      'export-blobs': passStage((input) => this.#exportBlobs(input)),
      'plan-compose': realStage(PLAN_ROUND, async (input) => {
        const output = await planCompose(input, services)
        const plan = await services.workFiles.read(COMPOSE_PLAN, JOB, input.round)
        const sizes = plan.kind === 'archive' ? planParts(plan.target.pieces).map(({ size }) => size) : []
        this.#composed = { plan, sizes }
        return output
      }),
      'compose-parts': passStage((input) => this.#composeParts(input)),
      'finish-compose': onceStage(() => this.#finish()),
      // Reads about one item of each partition of a model.
      'account-items': async (json) => {
        await clock.wait(2 * 2 * shardsOf(scenario) * LATENCY.dynamoDb)
        return { ...PassInput.parse(json), more: false, wait_seconds: 0 }
      },
      announce: onceStage(() => clock.wait(10 * LATENCY.dynamoDb)),
      'fail-export': onceStage(() => clock.wait(10 * LATENCY.dynamoDb)),
    }
  }

  async #exportRecords({ n, pass, cursor }: PassInput): Promise<SimulatedPass> {
    const world = this.#world
    this.#plan ??= world.workFiles.read(EXPORT_PLAN, JOB)
    const planned = must(must((await this.#plan).items[n])[0])
    const range = { from: bucketOf(cursor ?? planned.from), to: bucketOf(planned.to) }
    const work = { perSecond: WORKER.exportBytes / RESOURCE.bytes, uses: world.table.read(positionOf(range)) }
    const most = Math.ceil(world.limits.segmentBytes / packedBytes(world, 1))
    const to = await runBuckets(world, range, work, { seconds: passSeconds(world), most })
    const exported = { from: range.from, to }
    const count = resourcesIn(world, exported)
    const name = `${n}/${attemptId(n, pass)}-0`
    const done = to === range.to
    const next = done ? {} : { cursor: bucketName(to) }
    const result: RecordsResult = {
      done,
      ...next,
      segments: [
        {
          ...segmentOf(world, `segments/export-records/${name}`, packedBytes(world, count), {
            model: MODEL,
            range: exported,
          }),
          model: MODEL,
          resources: count,
          revisions: RESOURCE.revisions * count,
          digests: addDigests(world, `digests/${name}`, exported),
        },
      ],
      pieces: [],
      references: referencesOf(world, `references/${name}`, this.#references(exported, n === 0 && pass === 0)),
    }
    world.jobs.keep(EXPORT_RECORDS.name, n, pass, result)
    return { done, ...next }
  }

  #references({ from, to }: { readonly from: number; readonly to: number }, isFirst: boolean): number {
    const resources = resourcesIn(this.#world, { from, to })
    return Math.round(resources / RESOURCE.perBlob) + (isFirst ? this.#world.scenario.largeBlobs.length : 0)
  }

  async #exportBlobs({ n, pass }: PassInput): Promise<SimulatedPass> {
    const world = this.#world
    this.#blobPlan ??= world.workFiles.read(BLOB_PLAN, JOB)
    const { items, lists } = await this.#blobPlan
    const smallWork: SmallBlobWork = {
      lists: lists.length,
      perSecond: 8 / LATENCY.s3,
      uses: [{ capacity: world.blobs.reads, units: 1 }],
    }
    const share = BlobShare.of(world, n, items.length)
    const { done, finished } = await this.#blobs.pass(n, share, smallWork, { hashes: true, copies: true })
    const key = `segments/export-blobs/${n}/${attemptId(n, pass)}-0`
    if (finished.count > 0) this.#segmentBlobs.set(key, finished)
    const cursor = done ? {} : { cursor: 'next' }
    const result: BlobsResult = {
      done,
      ...cursor,
      ...(finished.count === 0 ? {} : { segment: segmentOf(world, key, finished.bytes) }),
      blobs: finished.count,
      bytes: finished.bytes,
      models: { [MODEL]: finished.count },
      missing: 0,
    }
    world.jobs.keep(EXPORT_BLOBS.name, n, pass, result)
    return { done, ...cursor }
  }

  /** Three parts of the archive, or two parts of a joined object, are copied at the same time. */
  async #composeParts({ n }: PassInput): Promise<SimulatedPass> {
    const { plan, sizes } = must(this.#composed)
    const { jobs, config } = this.#world
    if (plan.kind === 'join') {
      const run = must(plan.runs[n])
      const size = run.reduce((sum, object) => sum + object.size, 0)
      await this.#copy(size, run.length, 2)
      const key = `work/${JOB}/joined/0/${n}/${attemptId(n, 0)}`
      const object = { bucket: config.buckets.work, key, size, etag: must(run[0]).etag }
      jobs.keep(joinRound(0).name, n, 0, { done: true, object })
      return { done: true }
    }
    const numbers = must(plan.items[n])
    const parts = numbers.map((number) => ({ number, etag: plan.target.upload_id, size: must(sizes[number - 1]) }))
    await this.#copy(
      parts.reduce((sum, { size }) => sum + size, 0),
      parts.length,
      3,
    )
    jobs.keep(COMPOSE_PARTS.name, n, 0, { done: true, parts })
    return { done: true }
  }

  async #copy(bytes: number, requests: number, parallel: number): Promise<void> {
    const { flows, work } = this.#world
    const perSecond = (parallel * WORKER.copiedBytes) / bytes
    await flows.run(
      {
        steps: requests,
        perSecond: Math.min(requests * perSecond, parallel / LATENCY.s3),
        uses: [{ capacity: work.writes, units: 1 }],
      },
      Infinity,
    )
  }

  async #finish(): Promise<void> {
    const { workFiles, objects, config, jobs } = this.#world
    const { plan, sizes } = must(this.#composed)
    if (plan.kind !== 'archive') throw new Error('the last round composes the archive')
    const tail = await workFiles.read(TAIL, JOB)
    const bytes = await objects.readBytes(tail.object, 0, tail.object.size)
    const size = sizes.reduce((sum, part) => sum + part, 0)
    const blobs = tail.segments.flatMap(({ key }) => this.#segmentBlobs.get(key.slice(`work/${JOB}/`.length)) ?? [])
    this.archive = {
      object: { bucket: config.buckets.archives, key: plan.target.key, size, etag: tail.object.etag },
      tail: bytes,
      blobs,
      segments: tail.segments.length,
      parts: sizes.length,
    }
    await this.#world.clock.wait(jobs.count(COMPOSE_PARTS.name) * 0.001 + 10 * LATENCY.s3)
  }
}
