import { ArchivedIds } from '../../archive/archived-ids.ts'
import type { RefType } from '../../resources/models.ts'
import { references as referencesOf } from '../../resources/payload-references.ts'
import { decodePayload } from '../../resources/payload.ts'
import { RevisionView } from '../../resources/views.ts'
import type { CheckFindings, ComparedResource, ResourcesCheck, VerificationPass, VerificationCheck } from './check.ts'

/**
 * Checks that the resources and revisions exist to which the payloads of the current revisions refer. A dangling
 * reference is only reported if it was already dangling in the archive, or if this restore did not select its target.
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
      for (const reference of own) {
        if (existing.has(resourceIdOf(reference)) && (await this.#hasRevision(reference)))
          this.#found.add(nameOf(reference))
        else await this.#reportDangling(reference)
      }
    }
  }

  /**
   * Returns true if the reference leads to a resource. If it leads to a revision, returns true if the stored resource
   * has this revision.
   */
  async #hasRevision(reference: Reference): Promise<boolean> {
    if (reference.ref_type === 'resource_id') return true
    const revisions = await this.#pass.resources.getRevisions(reference.target, resourceIdOf(reference))
    return revisions.some((item) => new RevisionView(item).revisionId === reference.to)
  }

  async #reportDangling(reference: Reference): Promise<void> {
    const { model, plan } = this.#pass
    const { from, field, target, to, ref_type } = reference
    const finding = { model: model.name, resource_id: from, expected: to, actual: 'absent' }
    const what = `reference ${field} to ${target}`
    const isArchived = await this.#archivedIds.has(target, resourceIdOf(reference), to, ref_type)
    if (!isArchived)
      this.#findings.reportSeparately({ ...finding, what: `${what}: was already dangling in the archive` })
    else if (await this.#pass.isLeftOut(target, resourceIdOf(reference)))
      this.#findings.reportSeparately({ ...finding, what: `${what}: cannot be restored and was left out` })
    else if (!plan.unfiltered || !plan.models.includes(target))
      this.#findings.reportSeparately({ ...finding, what: `${what}: not part of this restore` })
    else this.#findings.fail({ ...finding, what })
  }
}

/**
 * Returns a key for the target of a reference. The key contains the type, because a resource and a revision may have
 * the same id.
 */
const nameOf = ({ target, to, ref_type }: Reference): string => `${target}/${ref_type}/${to}`

/**
 * Returns the id of the resource to which a reference leads. A revision id consists of the resource id, a colon and the
 * number of the revision.
 */
const resourceIdOf = ({ to, ref_type }: Reference): string => {
  if (ref_type === 'resource_id') return to
  const colon = to.lastIndexOf(':')
  return colon > 0 ? to.slice(0, colon) : to
}
