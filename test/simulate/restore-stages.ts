import type { ManifestSegment } from '../../shared/archive/manifest.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { PREFIX_COUNT } from '../../shared/blobs/blob-references.ts'
import { type PassInput, PLAN_ITEMS, PLAN_ROUNDS } from '../../shared/jobs/messages.ts'
import { PREFLIGHT_MERGE } from '../../shared/jobs/reference-merge.ts'
import { planApplyRecords } from '../../shared/restore/apply/plan-apply-records.ts'
import { inspect } from '../../shared/restore/inspect/inspect.ts'
import { APPLY_PLAN, APPLY_RECORDS } from '../../shared/restore/messages/apply.ts'
import { INSPECT, RESTORE_PLAN, type RestorePlan, type SegmentRange } from '../../shared/restore/messages/inspect.ts'
import { DECIDE, type Extent, PREFLIGHT, type PreflightResult } from '../../shared/restore/messages/preflight.ts'
import {
  PREFLIGHT_BLOBS,
  type PreflightBlobsResult,
  RESTORE_BLOB_PLAN,
  type RestoreBlobPlan,
} from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { decide } from '../../shared/restore/preflight/decide.ts'
import { planPreflightBlobs } from '../../shared/restore/preflight/plan-preflight-blobs.ts'
import { planVerify } from '../../shared/restore/verify/plan-verify.ts'
import { must } from '../../shared/values/must.ts'
import { LATENCY, RESOURCE, WORKER } from './assumptions.ts'
import { BlobShare, LargeBlobs, mergeListsOfGroup, overlapping, type SmallBlobWork } from './blob-work.ts'
import {
  addDigests,
  attemptId,
  bucketName,
  bucketOf,
  type BucketRange,
  positionOf,
  referencesOf,
  resourcesIn,
  runBuckets,
  runResources,
} from './contents.ts'
import type { ExportedArchive } from './export-stages.ts'
import type { StageFunctions } from './lambda.ts'
import { onceStage, passStage, realStage, type SimulatedPass } from './pass-function.ts'
import { JOB, MODEL, passSeconds, type World } from './scenario.ts'

/** The blobs that a pass of `preflight-blobs` has listed. */
interface BlobList {
  readonly n: number
  readonly pass: number
  readonly share: BlobShare
}

/** The stages of a restore into an empty table: the real planners, and workers that only take time and units. */
export class RestoreStages {
  readonly #world: World
  readonly #archived: ExportedArchive
  readonly #hashing: LargeBlobs
  readonly #copying: LargeBlobs
  readonly #verifying: LargeBlobs
  readonly #lists: BlobList[] = []
  #sortedLists: readonly BlobList[] | undefined
  #segmentsOfArchive: Promise<readonly ManifestSegment[]> | undefined
  #plan: Promise<RestorePlan> | undefined
  /** Undefined before the last round of `preflight-blobs`. */
  #blobPlan: RestoreBlobPlan | undefined
  #applied: Promise<readonly Extent[]> | undefined

  constructor(world: World, archived: ExportedArchive) {
    this.#world = world
    this.#archived = archived
    this.#hashing = new LargeBlobs(world)
    this.#copying = new LargeBlobs(world)
    this.#verifying = new LargeBlobs(world)
    const { object, tail } = archived
    const tailStart = object.size - tail.length
    world.objects.add(object.bucket, object.key, object.size, (start, length) =>
      tail.subarray(start - tailStart, start - tailStart + length),
    )
  }

  get functions(): StageFunctions {
    const { services, clock } = this.#world
    return {
      convert: passStage(() => Promise.resolve({ done: true })),
      inspect: realStage(INSPECT, (input) => inspect(input, services)),
      preflight: passStage((input) => this.#preflight(input)),
      'plan-preflight-blobs': realStage(PLAN_ROUNDS, (input) => planPreflightBlobs(input, services)),
      'preflight-blobs': passStage((input) => this.#preflightBlobs(input)),
      decide: realStage(DECIDE, (input) => decide(input, services)),
      'apply-blobs': passStage((input) => this.#applyBlobs(input)),
      'plan-apply-records': realStage(PLAN_ITEMS, (input) => planApplyRecords(input, services)),
      'apply-records': passStage((input) => this.#applyRecords(input)),
      'plan-verify': realStage(PLAN_ITEMS, (input) => planVerify(input, services)),
      verify: passStage((input) => this.#verify(input)),
      report: onceStage(() => this.#report()),
      'fail-restore': onceStage(() => clock.wait(10 * LATENCY.dynamoDb)),
    }
  }

  /*
   * All passes read these files. The simulation reads and parses each of them once.
   */

  #segments(): Promise<readonly ManifestSegment[]> {
    const { objects } = this.#world
    this.#segmentsOfArchive ??= openArchive(objects.sourceOf(this.#archived.object)).then(({ segments }) => segments)
    return this.#segmentsOfArchive
  }

  #applyPlan(): Promise<readonly Extent[]> {
    this.#applied ??= this.#world.workFiles.read(APPLY_PLAN, JOB)
    return this.#applied
  }

  async #preflight({ n, pass, cursor = '0/' }: PassInput): Promise<SimulatedPass> {
    const world = this.#world
    this.#plan ??= world.workFiles.read(RESTORE_PLAN, JOB)
    const { items } = await this.#plan
    const segments = await this.#segments()
    const ranges = must(items[n])
    const [index = '0', bucket = ''] = cursor.split('/')
    const start = world.clock.now
    const extents: Extent[] = []
    let references = 0
    let next: string | undefined
    for (const [k, range] of ranges.entries()) {
      if (k < Number(index) || next !== undefined) continue
      const whole = bucketsOf(segments, must(range.segments))
      const read = { from: k === Number(index) && bucket !== '' ? bucketOf(bucket) : whole.from, to: whole.to }
      const seconds = Math.max(1, passSeconds(world) - (world.clock.now - start))
      const most = Math.max(1, (world.limits.seenBlobs - references) * RESOURCE.perBlob)
      const work = { perSecond: WORKER.preflightBytes / RESOURCE.bytes, uses: [] }
      const to = await runBuckets(world, read, work, { seconds, most })
      extents.push(this.#extent(`${n}/${attemptId(n, pass)}-${k}`, range, { from: read.from, to }, whole))
      references += Math.round(resourcesIn(world, { from: read.from, to }) / RESOURCE.perBlob)
      if (to < read.to) next = `${k}/${bucketName(to)}`
      else if (k + 1 < ranges.length && world.clock.now - start >= passSeconds(world)) next = `${k + 1}/`
    }
    const done = next === undefined
    const position = next === undefined ? {} : { cursor: next }
    const large = n === 0 && pass === 0 ? world.scenario.largeBlobs.length : 0
    const result: PreflightResult = {
      done,
      ...position,
      extents,
      references: referencesOf(world, `preflight-references/${n}/${attemptId(n, pass)}`, references + large),
    }
    world.jobs.keep(PREFLIGHT.name, n, pass, result)
    return { done, ...position }
  }

  #extent(name: string, { model, segments }: SegmentRange, read: BucketRange, whole: BucketRange): Extent {
    const world = this.#world
    const resources = resourcesIn(world, read)
    return {
      model,
      segments: must(segments),
      ...(read.from === whole.from
        ? {}
        : { from: { segment: must(segments).first, entry: read.from, bucket: bucketName(read.from) } }),
      ...(read.to === whole.to ? {} : { to_bucket: bucketName(read.to) }),
      after: `${bucketName(read.from)}g`,
      up_to: `${bucketName(read.to)}g`,
      resources,
      revisions: RESOURCE.revisions * resources,
      existing: world.objects.add(world.workFiles.bucket, world.workFiles.key(JOB, `existing/${name}`), 64, () =>
        Buffer.alloc(64),
      ),
      duplicates: 0,
      digests: addDigests(world, `archived-digests/${name}`, read),
    }
  }

  async #preflightBlobs(input: PassInput): Promise<SimulatedPass> {
    const world = this.#world
    const { n, pass } = input
    this.#blobPlan ??= await world.workFiles.find(RESTORE_BLOB_PLAN, JOB)
    if (this.#blobPlan === undefined) return mergeListsOfGroup(world, PREFLIGHT_MERGE, input)
    const kept = world.jobs.kept(PREFLIGHT_BLOBS.name, n, pass)
    if (kept !== undefined) return kept
    const { items, lists } = this.#blobPlan
    const segments = await this.#segments()
    const first = segments.findIndex(({ model }) => model === undefined)
    const shares = must(items[n]).map((segment) => must(this.#archived.blobs[segment - first]))
    const share = new BlobShare(
      shares.reduce((sum, { small }) => sum + small, 0),
      shares.flatMap(({ large }) => large),
    )
    const perSecond = 1 / (LATENCY.s3 / 16 + RESOURCE.blobBytes / WORKER.hashedBytes)
    // The blobs have the order of their positions, so each map item has consecutive prefixes.
    const prefix = (k: number): number => (PREFIX_COUNT / 2) * (1 + k / items.length)
    const range = { from: Math.floor(prefix(n)), to: Math.ceil(prefix(n + 1)) + 1 }
    const work: SmallBlobWork = {
      lists: overlapping(lists, range),
      perSecond,
      uses: [{ capacity: world.blobs.reads, units: 1 }],
    }
    const { done, finished } = await this.#hashing.pass(n, share, work, { hashes: true, copies: false })
    const position = done ? {} : { cursor: 'next' }
    this.#lists.push({ n, pass, share: finished })
    const result: PreflightBlobsResult = {
      done,
      ...position,
      list: referencesOf(world, `blobs/${n}/${attemptId(n, pass)}`, finished.count).object,
      actions: { new: finished.count, changed: 0, same: 0, conflict: 0 },
      different: 0,
      different_blobs: [],
      blobs: finished.count,
      bytes: finished.bytes,
      models: { [MODEL]: finished.count },
      missing: 0,
    }
    world.jobs.keep(PREFLIGHT_BLOBS.name, n, pass, result)
    return { done, ...position }
  }

  async #applyBlobs({ n }: PassInput): Promise<SimulatedPass> {
    const { blobs } = this.#world
    const work = { lists: 0, perSecond: 8 / LATENCY.s3, uses: [{ capacity: blobs.writes, units: 1 }] }
    const { done } = await this.#copying.pass(n, this.#list(n), work, { hashes: false, copies: true })
    return done ? { done } : { done, cursor: 'next' }
  }

  async #applyRecords(input: PassInput): Promise<SimulatedPass> {
    const { table } = this.#world
    const perSecond = WORKER.writtenItems / RESOURCE.items
    const pass = await this.#passOverExtent(runResources, input, perSecond, (range) => table.write(range))
    const { n, pass: number } = input
    this.#world.jobs.keep(APPLY_RECORDS.name, n, number, { ...pass, model: MODEL, loaded: 0, skipped: 0 })
    return pass
  }

  async #verify(input: PassInput): Promise<SimulatedPass> {
    const { table, blobs, jobs } = this.#world
    const { n } = input
    const extents = (await this.#applyPlan()).length
    const perSecond = WORKER.verifyBytes / RESOURCE.bytes
    // S3 returns the checksums of blobs that a restore has written, so their bytes are not read.
    const work = { lists: 0, perSecond: 8 / LATENCY.s3, uses: [{ capacity: blobs.reads, units: 1 }] }
    const pass =
      n < extents
        ? await this.#passOverExtent(runBuckets, input, perSecond, (range) => table.read(range))
        : await this.#verifying.pass(n, this.#list(n - extents), work, { hashes: false, copies: false })
    const result = { done: pass.done, ...(pass.done ? {} : { cursor: 'cursor' in pass ? pass.cursor : 'next' }) }
    jobs.keep(VERIFY.name, n, input.pass, result)
    return pass.done ? { done: true } : { done: false, cursor: 'cursor' in pass ? (pass.cursor ?? 'next') : 'next' }
  }

  /** Returns the blobs of a list. The lists have the order of the results of `preflight-blobs`. */
  #list(index: number): BlobShare {
    this.#sortedLists ??= this.#lists.toSorted((a, b) => a.n - b.n || a.pass - b.pass)
    return must(this.#sortedLists[index]).share
  }

  /** `run` decides where the pass can end. The cursor is the number of the bucket with which the next pass begins. */
  async #passOverExtent(
    run: typeof runBuckets | typeof runResources,
    { n, cursor }: PassInput,
    perSecond: number,
    usesAt: (range: BucketRange) => ReturnType<World['table']['read']>,
  ): Promise<SimulatedPass> {
    const world = this.#world
    const extent = must((await this.#applyPlan())[n])
    const whole = bucketsOf(await this.#segments(), must(extent.segments))
    const end = extent.to_bucket === undefined ? whole.to : bucketOf(extent.to_bucket)
    const start = extent.from === undefined ? whole.from : bucketOf(extent.from.bucket)
    const range = { from: cursor === undefined ? start : Number(cursor), to: end }
    const work = { perSecond, uses: usesAt(positionOf(range)) }
    const to = await run(world, range, work, { seconds: passSeconds(world) })
    return to === end ? { done: true } : { done: false, cursor: `${to}` }
  }

  /** Reads the findings and digests of every verified extent and list, 16 at the same time. */
  async #report(): Promise<void> {
    const { clock, jobs } = this.#world
    const reads = 2 * jobs.count(VERIFY.name) + this.#lists.length
    await clock.wait((reads * LATENCY.s3) / 16)
  }
}

const bucketsOf = (
  segments: readonly ManifestSegment[],
  { first, last }: { readonly first: number; readonly last: number },
): BucketRange => ({
  from: bucketOf(segments[first]?.first_h ?? ''),
  to: bucketOf(segments[last]?.last_h ?? '') + 1,
})
