import type { OpenArchive } from '../../archive/archive.ts'
import type { Manifest } from '../../archive/manifest.ts'
import type { VerifiedObject } from '../../blobs/verified-object.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { Model } from '../../resources/models.ts'
import type { Item } from '../../tables/item.ts'
import type { Finding } from '../messages/finding.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import type { ReadResource } from '../target/read-stored-resource.ts'

/**
 * One check of the verification. `CHECKS` in `checks.ts` lists all of them. A check implements the hooks that it needs
 * and reports to `findings`, which appear in the report under the name of the check.
 *
 * @example
 * export const titles = {
 *   name: 'titles',
 *   checkResources: ({ model }, findings) => ({
 *     check: ({ archived, stored }) => {
 *       findings.addChecked(1)
 *       if (stored.state === 'read' && hasNoTitle(stored.metadata))
 *         findings.fail({
 *           model: model.name,
 *           resource_id: archived.id,
 *           what: 'title is missing',
 *           expected: 'a title',
 *           actual: 'absent',
 *         })
 *     },
 *   }),
 * } as const satisfies VerificationCheck
 */
export interface VerificationCheck<Name extends string = string> {
  /** The name of the check in the report. */
  readonly name: Name
  /** Called when a pass begins to compare resources: returns the functions that check them. */
  readonly checkResources?: (context: ResourcesContext, findings: CheckFindings) => ResourcesCheck
  /** Called for each blob and each spilled payload that the restored resources refer to. */
  readonly checkBlob?: (blob: ComparedBlob, findings: CheckFindings) => void
  /** Called once, after all passes. */
  readonly checkRestore?: (restore: VerifiedRestore, findings: CheckFindings) => void | Promise<void>
}

/** Receives what one check finds. */
export interface CheckFindings {
  /** Adds to the number of things that were checked: resources, revisions, references or blobs. */
  addChecked(count: number): void
  /** Adds a difference that is the restore's fault: the verification fails. */
  fail(finding: Finding): void
  /** Adds a difference that is not the restore's fault: it is in the report, and the verification can still pass. */
  reportSeparately(finding: Finding): void
}

/** What the resources of a pass have in common. */
export interface ResourcesContext {
  readonly model: Model
  readonly plan: RestorePlan
  readonly archive: OpenArchive
  readonly resources: ResourceStore
  readonly now: Date
}

/** Checks the resources of one pass. */
export interface ResourcesCheck {
  /** Called for each resource that the restore wrote or should have written, in the archive's order. */
  check(compared: ComparedResource): void | Promise<void>
  /** Called after the last resource of the pass. */
  end?(): Promise<void>
}

/** A resource in the archive and in the store. */
export interface ComparedResource {
  readonly archived: ArchivedResource
  readonly stored: StoredState
}

export interface ArchivedResource {
  readonly id: string
  readonly metadata: Item
  /** By sort key. */
  readonly revisions: ReadonlyMap<string, ArchivedRevision>
  /** The resource's digest (`ResourceLeaf`). */
  readonly digest: Buffer
}

export interface ArchivedRevision {
  readonly id: string
  /** `none` for a revision without a parent. */
  readonly parent: string
}

/**
 * `missing`: the store has no metadata. `torn`: the metadata is the restore's, but its current revision is missing.
 * `changed-since`: another writer changed the resource after the restore, so it is not compared. `read`: everything
 * else.
 */
export type StoredState =
  | { readonly state: 'missing' | 'changed-since' }
  | { readonly state: 'torn'; readonly currentRevisionId: string }
  | (ReadResource & {
      readonly state: 'read'
      /** The payload of the current revision. Undefined if it is missing or damaged. It is read once. */
      readonly currentPayload: () => Promise<string | Uint8Array | undefined>
    })

/** A blob (or spilled payload) as the archive requires it, and as the store has it. */
export interface ComparedBlob {
  readonly blob: RestoredBlob
  /** Undefined if the blob is missing. */
  readonly stored: VerifiedObject | undefined
}

/** A restore whose resources and blobs have all been checked. */
export interface VerifiedRestore {
  readonly plan: RestorePlan
  /** Reads the manifest from the archive. */
  readonly manifest: () => Promise<Manifest>
  readonly models: Readonly<Record<string, VerifiedModel>>
  /** The digest of a model's digest buckets, computed from the store. */
  readonly storedDigest: (model: string) => Promise<string>
}

export interface VerifiedModel {
  /** Resources that the filters of the restore accept. */
  readonly selected: number
  readonly loaded: number
  readonly skipped: number
}
