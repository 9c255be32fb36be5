import { archivedBlobFields, type BlobFields } from '../../resources/revision-references.ts'
import { idHashOf } from '../../resources/keys.ts'
import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { OpenArchive } from '../archive.ts'
import { ArchivePayloads } from '../archive-payloads.ts'
import type { LocatedFaultyRecord, SoundRecord } from '../archived-records.ts'
import { BucketDigests, modelDigest } from '../digest.ts'
import { isArchiveFault, locatedMessage } from '../errors.ts'
import { type IdHashRange, isInRange, type SalvagedRecord, salvagedRecords } from '../salvaged-records.ts'
import { type ArchiveFindings, damageFinding } from './findings.ts'
import type { ReferenceSink } from './references.ts'
import { ResourceCheck } from './resource-check.ts'

/** The records of one model that were checked. */
export interface CheckedRecords {
  readonly resources: number
  readonly revisions: number
  /** True if every record that could be read is valid. */
  readonly isSound: boolean
  /** False if the index of a segment is damaged, so that the rest of the segment was not read. */
  readonly hasAllIndexes: boolean
  /** False if records are lost because of damage, or are misplaced. */
  readonly hasAllRecords: boolean
  /** False if records are lost or misplaced, or if a spilled payload is damaged. */
  readonly hasAllReferences: boolean
}

/**
 * Checks all records of a model. Adds the references to blobs to `references`. If every record could be read and is
 * valid, also compares the counts and the digest with the manifest.
 */
export const checkRecords = async (
  archive: OpenArchive,
  model: string,
  references: ReferenceSink,
  findings: ArchiveFindings,
): Promise<CheckedRecords> => {
  const check = new ModelCheck(archive, model, references, findings)
  const onFrameDamage = (damage: Error): void => {
    findings.add({ ...damageFinding(damage), model })
  }
  // The segments of a model are consecutive.
  const first = archive.segments.findIndex((segment) => segment.model === model)
  const last = archive.segments.findLastIndex((segment) => segment.model === model)
  if (first !== -1)
    for await (const batch of salvagedRecords(archive, { first, last }, { onFrameDamage }))
      for (const record of batch) await check.add(record)
  return check.finish()
}

/** Checks the resources of one model. The records are added in the order of the archive. */
class ModelCheck {
  readonly #model: string
  readonly #stated: OpenArchive['manifest']['models'][string]
  readonly #payloads: ArchivePayloads
  readonly #blobFields: BlobFields
  readonly #references: ReferenceSink
  readonly #findings: ArchiveFindings
  readonly #digests = new BucketDigests()
  #current: ResourceCheck | undefined
  #resources = 0
  #revisions = 0
  #isSound = true
  #hasAllIndexes = true
  #hasAllRecords = true
  #hasAllPayloads = true
  /** The range of the id hashes of the records that were lost last. */
  #lost: IdHashRange | undefined

  constructor(archive: OpenArchive, model: string, references: ReferenceSink, findings: ArchiveFindings) {
    this.#model = model
    this.#stated = must(archive.manifest.models[model])
    this.#payloads = new ArchivePayloads(archive)
    this.#blobFields = archivedBlobFields({ blobs: undefined }, this.#stated.blob_paths)
    this.#references = references
    this.#findings = findings
  }

  async add(record: SalvagedRecord): Promise<void> {
    if (record.kind === 'lost' || record.kind === 'misplaced') {
      this.#hasAllRecords = false
      const path = record.kind === 'lost' ? record.path : undefined
      this.#findings.add({ ...damageFinding(record.damage, path), model: this.#model })
      if (record.kind === 'misplaced') return
      if (path === undefined) this.#hasAllIndexes = false
      await this.#dropLostResource(record.range)
      return
    }
    if (record.fault !== undefined) {
      await this.#addFaulty(record)
      return
    }
    if (record.kind === 'revision' && record.id === this.#current?.id) {
      await this.#addRevision(this.#current, record)
      return
    }
    await this.#endResource()
    if (record.kind === 'metadata') {
      this.#current = ResourceCheck.ofMetadata(record, true)
      return
    }
    // The metadata of this revision is probably among the lost records.
    if (this.#mayBeLost(record.h)) return
    this.#current = ResourceCheck.ofRevision(record)
    await this.#addRevision(this.#current, record)
  }

  async #endResource(): Promise<void> {
    const check = this.#current
    this.#current = undefined
    if (check === undefined) return
    if (check.metadata === undefined) this.#isSound = false
    // The digests of resources that are not in order cannot be added, and are not compared.
    else if (this.#hasAllRecords) this.#digests.add(check.metadata.h, check.digest())
    this.#resources += check.metadataRecords
    this.#revisions += check.revisions
    this.#addFault(check)
    for (const { fileIds } of check.references)
      for (const fileId of fileIds) await this.#references.add(this.#model, fileId, check.id)
  }

  /** Ends the resource that is being read, or drops it if some of its records may be lost. */
  async #dropLostResource(range: IdHashRange): Promise<void> {
    this.#lost = range
    if (this.#current !== undefined && this.#mayBeLost(idHashOf(this.#current.id))) this.#current = undefined
    await this.#endResource()
  }

  /** Returns true if records of a resource with this id hash may be among the records that were lost last. */
  #mayBeLost(h: string): boolean {
    return this.#lost !== undefined && isInRange(this.#lost, h)
  }

  async finish(): Promise<CheckedRecords> {
    await this.#endResource()
    const result = {
      resources: this.#resources,
      revisions: this.#revisions,
      isSound: this.#isSound,
      hasAllIndexes: this.#hasAllIndexes,
      hasAllRecords: this.#hasAllRecords,
      hasAllReferences: this.#hasAllRecords && this.#hasAllPayloads,
    }
    if (!this.#isSound || !this.#hasAllRecords) return result
    this.#compare('resources', this.#stated.resources, this.#resources)
    this.#compare('revisions', this.#stated.revisions, this.#revisions)
    this.#compare('digest', this.#stated.digest, modelDigest(this.#digests.end()))
    return result
  }

  /** Adds a revision. If its spilled payload is damaged, the resource cannot be restored, but its records are sound. */
  async #addRevision(check: ResourceCheck, record: SoundRecord): Promise<void> {
    try {
      await check.addRevision(record, this.#payloads, this.#blobFields)
    } catch (error) {
      if (!isArchiveFault(error)) throw error
      this.#hasAllPayloads = false
      check.addPayloadFault(record, locatedMessage(error))
    }
  }

  /**
   * Adds a record whose item or key is invalid. A faulty revision belongs to the current resource if it states its id.
   */
  async #addFaulty(record: LocatedFaultyRecord): Promise<void> {
    this.#isSound = false
    const current = this.#current
    if (record.kind === 'revision' && current !== undefined && ['', current.id].some((id) => isStated(record, id))) {
      current.addFaultyRevision(record)
      return
    }
    const faulty = ResourceCheck.ofFaulty(this.#model, record)
    if (record.kind === 'metadata') {
      await this.#endResource()
      this.#current = faulty
      return
    }
    this.#revisions += faulty.revisions
    this.#addFault(faulty)
  }

  #addFault(check: ResourceCheck): void {
    const fault = check.end()
    if (fault === undefined) return
    const { resource_id, reason } = fault
    const message = `resource ${quote(resource_id)} of model ${this.#model} cannot be restored: ${reason}`
    this.#findings.add({ check: 'records', message, model: this.#model, resource_id })
  }

  #compare(what: string, stated: string | number, actual: string | number): void {
    if (stated === actual) return
    const message = `model ${this.#model}: the manifest states ${what} ${stated}, but the archive contains ${actual}`
    this.#findings.add({ check: 'manifest', message, model: this.#model })
  }
}

const isStated = ({ id, idInKey }: LocatedFaultyRecord, stated: string): boolean => stated === id || stated === idInKey
