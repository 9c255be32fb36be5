import { planParts } from '../../shared/compose/compose-plan.ts'
import {
  BLOB_PLAN,
  type BlobPlan,
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
import { PassInput, PLAN_ITEMS, PLAN_ROUNDS } from '../../shared/jobs/messages.ts'
import { EXPORT_MERGE } from '../../shared/jobs/reference-merge.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import { must } from '../../shared/values/must.ts'
import { LATENCY, RESOURCE, WORKER } from './assumptions.ts'
import { BlobShare, LargeBlobs, mergeListsOfGroup, overlapping, type SmallBlobWork } from './blob-work.ts'
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
  /** Undefined before the last round of `export-blobs`. */
  #blobPlan: BlobPlan | undefined
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
      'plan-export-blobs': realStage(PLAN_ROUNDS, (input) => planExportBlobs(input, services)),
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

  async #exportBlobs(input: PassInput): Promise<SimulatedPass> {
    const world = this.#world
    const { n, pass } = input
    this.#blobPlan ??= await world.workFiles.find(BLOB_PLAN, JOB)
    if (this.#blobPlan === undefined) return mergeListsOfGroup(world, EXPORT_MERGE, input)
    const kept = world.jobs.kept(EXPORT_BLOBS.name, n, pass)
    if (kept !== undefined) return kept
    const { items, lists } = this.#blobPlan
    const smallWork: SmallBlobWork = {
      lists: overlapping(lists, must(items[n])),
      perSecond: 8 / LATENCY.s3,
      uses: [{ capacity: world.blobs.reads, units: 1 }],
    }
    const share = BlobShare.of(world, n, items.length)
    const { done, finished } = await this.#blobs.pass(n, share, smallWork, { hashes: true, copies: true })
    const segments = segmentsOf(finished).map((share, k) => {
      const key = `segments/export-blobs/${n}/${attemptId(n, pass)}-${k}`
      this.#segmentBlobs.set(key, share)
      return segmentOf(world, key, share.bytes)
    })
    const cursor = done ? {} : { cursor: 'next' }
    const result: BlobsResult = {
      done,
      ...cursor,
      segments,
      blobs: finished.count,
      bytes: finished.bytes,
      models: { [MODEL]: finished.count },
      missing: 0,
    }
    world.jobs.keep(EXPORT_BLOBS.name, n, pass, result)
    return { done, ...cursor }
  }

  /** A pass copies parts, three at the same time, until its time is up. The next pass continues with the next part. */
  async #composeParts({ n, pass, cursor = '0' }: PassInput): Promise<SimulatedPass> {
    const { plan, sizes } = must(this.#composed)
    const { jobs, config } = this.#world
    if (plan.kind === 'join') {
      const run = must(plan.runs[n])
      const next = await this.#copy(
        run.map(({ size }) => size),
        Number(cursor),
      )
      const position = next === undefined ? { done: true } : { done: false, cursor: `${next}` }
      const key = `work/${JOB}/joined/0/${n}/${attemptId(n, pass)}`
      const size = run.reduce((sum, object) => sum + object.size, 0)
      const object = { bucket: config.buckets.work, key, size, etag: must(run[0]).etag }
      jobs.keep(joinRound(0).name, n, pass, { ...position, ...(next === undefined ? { object } : {}) })
      return position
    }
    const numbers = must(plan.items[n])
    const parts = numbers.map((number) => ({ number, etag: plan.target.upload_id, size: must(sizes[number - 1]) }))
    const next = await this.#copy(
      parts.map(({ size }) => size),
      Number(cursor),
    )
    const position = next === undefined ? { done: true } : { done: false, cursor: `${next}` }
    jobs.keep(COMPOSE_PARTS.name, n, pass, { ...position, parts: parts.slice(Number(cursor), next) })
    return position
  }

  /** Copies objects until the time of the pass is up. Returns the index of the next object, or undefined at the end. */
  async #copy(sizes: readonly number[], start: number): Promise<number | undefined> {
    const { flows, work, clock } = this.#world
    const begun = clock.now
    const uses = [{ capacity: work.writes, units: 1 }]
    for (const [k, size] of sizes.entries()) {
      if (k < start) continue
      if (k > start && clock.now - begun >= passSeconds(this.#world)) return k
      const seconds = (LATENCY.s3 + size / WORKER.copiedBytes) / PARALLEL_PARTS
      await flows.run({ steps: 1, perSecond: 1 / seconds, uses }, Infinity)
    }
    return undefined
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

/** The parts that are copied at the same time. */
const PARALLEL_PARTS = 3

/** Each large blob is a segment of its own. */
const segmentsOf = ({ small, large }: BlobShare): BlobShare[] => [
  ...(small === 0 ? [] : [new BlobShare(small, [])]),
  ...large.map((size) => new BlobShare(0, [size])),
]
