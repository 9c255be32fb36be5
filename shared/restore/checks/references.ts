import pMap from 'p-map'
import { ArchivedIds } from '../../archive/archived-ids.ts'
import type { RefType } from '../../resources/models.ts'
import { references as referencesOf } from '../../resources/payload-references.ts'
import { decodePayload } from '../../resources/payload.ts'
import type { CheckFindings, ComparedResource, ResourcesCheck, VerificationPass, VerificationCheck } from './check.ts'

/**
 * Checks that the resources and revisions exist to which the payloads of the current revisions refer. A dangling
 * reference is only reported if it was already dangling in the archive, or if this restore did not select its target.
 * It is also only reported if the part of the archive that may contain its target is damaged.
 */
export const references = {
  name: 'references',
  checkResources: (pass, findings) => new ReferencesCheck(pass, findings),
} as const satisfies VerificationCheck

interface Reference {
  readonly from: string
  readonly field: string
  readonly target: string
  /** The id of the resource or revision of model `target` to which the reference leads. */
  readonly to: string
  readonly ref_type: RefType
}

/** The number of references that are looked up together. One BatchGetItem request returns up to 100 items. */
const BATCH = 100

/** The number of resources whose revisions are read at the same time. */
const PARALLEL_READS = 16

/** The set of resolved references is cleared when it exceeds this size. This limits the memory. */
const MAX_FOUND = 100_000

class ReferencesCheck implements ResourcesCheck {
  readonly #pass: VerificationPass
  readonly #findings: CheckFindings
  readonly #archivedIds: ArchivedIds
  /** The keys (`nameOf`) of the references that were resolved. These references are not looked up again. */
  readonly #found = new Set<string>()
  #waiting: Reference[] = []

  constructor(pass: VerificationPass, findings: CheckFindings) {
    this.#pass = pass
    this.#findings = findings
    this.#archivedIds = new ArchivedIds(pass.archive)
  }

  async check({ archived, stored }: ComparedResource): Promise<void> {
    const { model } = this.#pass
    if (stored.state !== 'read' || model.references.length === 0) return
    const payload = await stored.currentPayload()
    if (payload === undefined) return
    for (const { field, target, id, ref_type } of referencesOf(model, decodePayload(payload))) {
      this.#findings.addChecked(1)
      const reference = { from: archived.id, field, target, to: id, ref_type }
      if (!this.#found.has(nameOf(reference))) this.#waiting.push(reference)
    }
    if (this.#waiting.length >= BATCH) await this.end()
  }

  /** Looks up the references that have not been looked up yet. */
  async end(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#found.size > MAX_FOUND) this.#found.clear()
    for (const target of new Set(waiting.map((reference) => reference.target))) {
      const own = waiting.filter((reference) => reference.target === target)
      const existing = await this.#pass.resources.existing(target, [...new Set(own.map(resourceIdOf))])
      const revisions = await this.#existingRevisions(target, own, existing)
      for (const reference of own) {
        const isFound = (reference.ref_type === 'resource_id' ? existing : revisions).has(reference.to)
        if (isFound) this.#found.add(nameOf(reference))
        else await this.#reportDangling(reference)
      }
    }
  }

  /**
   * Returns the ids of the revisions of model `target` to which the references lead and that exist. Reads the revisions
   * of each resource once.
   */
  async #existingRevisions(
    target: string,
    references: readonly Reference[],
    existing: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const wanted = references.filter(({ ref_type }) => ref_type === 'revision_id')
    const wantedIds = new Set(wanted.map(({ to }) => to))
    const resources = new Set(wanted.map(resourceIdOf))
    const found = new Set<string>()
    await pMap(
      [...resources].filter((id) => existing.has(id)),
      async (id) => {
        for await (const revisionId of this.#pass.resources.revisionIdsOf(target, id))
          if (wantedIds.has(revisionId) && resourceIdIn(revisionId) === id) found.add(revisionId)
      },
      { concurrency: PARALLEL_READS },
    )
    return found
  }

  async #reportDangling(reference: Reference): Promise<void> {
    const { model, plan } = this.#pass
    const { from, field, target, to, ref_type } = reference
    const finding = { model: model.name, resource_id: from, expected: to, actual: 'absent' }
    const what = `reference ${field} to ${target}`
    // Preflight has verified the part of the archive that was restored. The target may be in another part.
    const isPartOfRestore = plan.unfiltered && plan.models.includes(target)
    const isArchived = await this.#archivedIds.has(target, resourceIdOf(reference), to, ref_type)
    if (isArchived instanceof Error && isPartOfRestore) throw isArchived
    if (isArchived instanceof Error)
      this.#findings.reportSeparately({
        ...finding,
        what: `${what}: cannot be found in the archive, because ${isArchived.message}`,
      })
    else if (!isArchived)
      this.#findings.reportSeparately({ ...finding, what: `${what}: was already dangling in the archive` })
    else if (await this.#pass.isLeftOut(target, resourceIdOf(reference)))
      this.#findings.reportSeparately({ ...finding, what: `${what}: cannot be restored and was left out` })
    else if (!isPartOfRestore)
      this.#findings.reportSeparately({ ...finding, what: `${what}: not part of this restore` })
    else this.#findings.fail({ ...finding, what })
  }
}

/**
 * Returns a key for the target of a reference. The key contains the type, because a resource and a revision may have
 * the same id.
 */
const nameOf = ({ target, to, ref_type }: Reference): string => `${target}/${ref_type}/${to}`

/** Returns the id of the resource to which a reference leads. */
const resourceIdOf = ({ to, ref_type }: Reference): string => (ref_type === 'resource_id' ? to : resourceIdIn(to))

/**
 * Returns the resource id in a revision id. A revision id consists of the resource id, a colon and the number of the
 * revision.
 */
const resourceIdIn = (revisionId: string): string => {
  const colon = revisionId.lastIndexOf(':')
  return colon > 0 ? revisionId.slice(0, colon) : revisionId
}
