import type { OpenArchive } from '../../archive/archive.ts'
import type { Manifest } from '../../archive/manifest.ts'
import type { VerifiedContent } from '../../blobs/blob-store.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { Model } from '../../resources/models.ts'
import type { Item } from '../../tables/item.ts'
import type { Finding } from '../messages/finding.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import type { ReadResource } from '../target/read-stored-resource.ts'

/**
 * One check of the verification. `CHECKS` in `checks.ts` lists all checks. A check implements only the hooks that it
 * needs. It passes its findings to `findings`, and the report lists them under the name of the check.
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
  /** Called when a pass begins to compare resources. Returns the functions that check the resources of the pass. */
  readonly checkResources?: (pass: VerificationPass, findings: CheckFindings) => ResourcesCheck
  /** Called for each blob and each spilled payload that the restored resources refer to. */
  readonly checkBlob?: (blob: ComparedBlob, findings: CheckFindings) => void
  /** Called once, after all passes. */
  readonly checkRestore?: (restore: VerifiedRestore, findings: CheckFindings) => void | Promise<void>
}

/** Collects the findings of one check. */
export interface CheckFindings {
  /**
   * Adds `count` to `checked` in the report. Depending on the check, this number counts resources, resources and
   * revisions, references, or blobs.
   */
  addChecked(count: number): void
  /** Adds a difference that the restore caused. The verification fails. */
  fail(finding: Finding): void
  /** Adds a difference that the restore did not cause. The report lists it, but the verification can still pass. */
  reportSeparately(finding: Finding): void
}

/** The data that a check of resources may use. It is the same for all resources of a pass. */
export interface VerificationPass {
  readonly model: Model
  readonly plan: RestorePlan
  readonly archive: OpenArchive
  readonly resources: ResourceStore
  /** Returns true if the restore left out this archived resource, because it cannot be restored. */
  readonly isLeftOut: (model: string, id: string) => Promise<boolean>
  readonly now: Date
}

/** Checks the resources of one pass. */
export interface ResourcesCheck {
  /** Called for each resource that the restore wrote or should have written, in the order of the archive. */
  check(compared: ComparedResource): void | Promise<void>
  /** Called after the last resource of the pass. */
  end?(): Promise<void>
}

/** An archived resource and its state in the store. */
export interface ComparedResource {
  readonly archived: ArchivedResource
  readonly stored: StoredState
}

export interface ArchivedResource {
  readonly id: string
  readonly metadata: Item
  /** The revisions by sort key. */
  readonly revisions: ReadonlyMap<string, ArchivedRevision>
  /** The resource's digest (`ResourceLeaf`). */
  readonly digest: Buffer
}

export interface ArchivedRevision {
  readonly id: string
  /** The id of the parent revision, or `none` if there is no parent. */
  readonly parent: string
}

/**
 * The state of a resource in the store:
 * - `missing`: the store has no metadata.
 * - `torn`: this restore wrote the metadata, but the current revision is missing.
 * - `changed-since`: another writer changed the resource after the restore, so the resource is not compared.
 * - `read`: the resource was read and can be compared.
 */
export type StoredState =
  | { readonly state: 'missing' | 'changed-since' }
  | { readonly state: 'torn'; readonly currentRevisionId: string }
  | (ReadResource & {
      readonly state: 'read'
      /**
       * Returns the payload of the current revision, or `undefined` if it is missing or damaged. Reads it only once.
       */
      readonly currentPayload: () => Promise<string | Uint8Array | undefined>
    })

/** A blob or spilled payload of the archive, and the stored object. */
export interface ComparedBlob {
  readonly blob: RestoredBlob
  /** Undefined if the store does not have the blob. A spilled payload has no `properties`. */
  readonly stored: VerifiedContent | undefined
}

/** A restore whose resources and blobs have all been checked. */
export interface VerifiedRestore {
  readonly plan: RestorePlan
  /** Reads the manifest from the archive. */
  readonly manifest: () => Promise<Manifest>
  readonly models: Readonly<Record<string, VerifiedModel>>
  /** Returns the digest of a model, computed from its resources in the store. */
  readonly storedDigest: (model: string) => Promise<string>
}

export interface VerifiedModel {
  /** The number of archived resources that the filters select and that can be restored. */
  readonly selected: number
  readonly loaded: number
  readonly skipped: number
  /** The number of archived resources that the filters select, but that cannot be restored. */
  readonly left_out: number
}
