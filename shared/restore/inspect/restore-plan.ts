import type { PinnedObject } from '../../objects/object.ts'
import type { OpenArchive } from '../../archive/archive.ts'
import { openArchive } from '../../archive/open.ts'
import type { Services } from '../../runtime/services.ts'
import type { Converted } from '../convert/messages.ts'
import { workKey } from '../work-keys.ts'

/** What `inspect` settles for all stages after it. */
export interface RestorePlan {
  /** Pinned: every later read is of exactly this object. */
  readonly archive: PinnedObject
  readonly manifest_sha256: string
  /** Where the job's archive is SpecStar's stream: `archive` is what it was converted to. */
  readonly converted?: Converted
  /** False: a repacked archive without a trailer, whose manifest nothing vouches for. */
  readonly proven_manifest: boolean
  readonly models: readonly string[]
  /** Everything in the archive that belongs to `models` is restored; false where filters choose among it. */
  readonly whole: boolean
  /** The models whose target held nothing when the restore began. */
  readonly empty: readonly string[]
  readonly items: readonly RecordsItem[]
  /** Segments of payloads and blobs, by their place in the manifest. */
  readonly blob_segments: readonly number[]
  readonly missing_blobs: readonly string[]
}

/** One child's share of the archive's records: segments (by their place in the manifest) with their run of the target. */
export type RecordsItem = readonly SegmentShare[]

export interface SegmentShare {
  readonly model: string
  /** Absent where the archive has no segment for this run of the target (a model without resources). */
  readonly segment?: number
  /** Sort keys of the target's metadata that fall to this segment: after `after` (exclusive), up to `upTo` (inclusive). */
  readonly after?: string
  readonly upTo?: string
}

/** The plan that `inspect` wrote. */
export const restorePlan = async ({ objects, config }: Services, jobId: string): Promise<RestorePlan> => {
  const plan = await objects.getJson<RestorePlan>(config.buckets.work, workKey.plan(jobId))
  if (plan === undefined) throw new Error(`job ${jobId} has no plan`)
  return plan
}

/** Opens the planned archive, pinned as `inspect` found it. */
export const openPlanned = ({ objects }: Services, plan: RestorePlan): Promise<OpenArchive> =>
  openArchive(objects.sourceOf(plan.archive))
