import type { OpenArchive } from '../../archive/archive.ts'
import type { Item } from '../../tables/item.ts'
import { RevisionView } from '../../resources/views.ts'
import { decodePayload } from '../../resources/payload.ts'
import { references } from '../../resources/payload-references.ts'
import type { Services } from '../../runtime/services.ts'
import { ArchivedIds } from '../../archive/archived-ids.ts'
import { currentPayload } from '../target/current-payload.ts'
import type { Findings } from './findings.ts'
import type { RestorePlan } from '../inspect/restore-plan.ts'

interface Reference {
  readonly model: string
  readonly id: string
  readonly field: string
  readonly target: string
  readonly to: string
  readonly ref_type: 'resource_id' | 'revision_id'
}

/** References are looked up this many at a time: a BatchGet takes 100 keys. */
const BATCH = 100

/** Checks that what current payloads refer to is there. Lookups are batched; an id that was found once is not asked for again. */
export class ReferenceCheck {
  readonly #services: Services
  readonly #archived: ArchivedIds
  readonly #plan: RestorePlan
  readonly #findings: Findings
  readonly #known = new Set<string>()
  #waiting: Reference[] = []

  constructor(services: Services, archive: OpenArchive, plan: RestorePlan, findings: Findings) {
    this.#services = services
    this.#archived = new ArchivedIds(archive)
    this.#plan = plan
    this.#findings = findings
  }

  async check(model: string, id: string, metadata: Item, revisions: readonly Item[]): Promise<void> {
    const definition = this.#services.models.get(model)
    if (definition.references.length === 0) return
    const payload = await currentPayload(this.#services, metadata, revisions)
    if (payload === undefined) return
    for (const { field, target, id: to, ref_type } of references(definition, decodePayload(payload))) {
      this.#findings.checked('references')
      const reference = { model, id, field, target, to, ref_type }
      if (!this.#known.has(nameOf(reference))) this.#waiting.push(reference)
    }
    if (this.#waiting.length >= BATCH) await this.end()
  }

  /** Looks up what is waiting. */
  async end(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    // Bounded: a set of found ids is worth its memory only while references repeat.
    if (this.#known.size > 100_000) this.#known.clear()
    for (const target of new Set(waiting.map((reference) => reference.target))) {
      const own = waiting.filter((reference) => reference.target === target)
      const ids = [...new Set(own.map(resourceOf))]
      const found = await this.#services.resources.existing(target, ids)
      for (const reference of own) {
        if (found.has(resourceOf(reference)) && (await this.#revisionResolves(reference)))
          this.#known.add(nameOf(reference))
        else await this.#dangling(reference)
      }
    }
  }

  async #revisionResolves({ target, to, ref_type, ...rest }: Reference): Promise<boolean> {
    if (ref_type === 'resource_id') return true
    const revisions = await this.#services.resources.getRevisions(target, resourceOf({ target, to, ref_type, ...rest }))
    return revisions.some((item) => new RevisionView(item).revisionId === to)
  }

  /** What dangled in the archive already, or leads out of what this restore brings, is told apart. */
  async #dangling(reference: Reference): Promise<void> {
    const { model, id, field, target, to } = reference
    const finding = { model, resource_id: id, expected: to, actual: 'absent' }
    const what = `reference ${field} to ${target}`
    if (!(await this.#archived.has(target, resourceOf(reference), to, reference.ref_type)))
      this.#findings.reportSeparately('references', {
        ...finding,
        what: `${what}: was already dangling in the archive`,
      })
    else if (!this.#plan.whole || !this.#plan.models.includes(target))
      this.#findings.reportSeparately('references', { ...finding, what: `${what}: not part of this restore` })
    else this.#findings.fail('references', { ...finding, what })
  }
}

/** What a reference names: a resource and a revision may be called the same. */
const nameOf = ({ target, to, ref_type }: Reference): string => `${target}/${ref_type}/${to}`

/** The resource that a reference names: of a revision id, what stands before its last colon. */
const resourceOf = ({ to, ref_type }: Reference): string => {
  if (ref_type === 'resource_id') return to
  const colon = to.lastIndexOf(':')
  return colon > 0 ? to.slice(0, colon) : to
}
