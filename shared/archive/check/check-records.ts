import { archivedBlobFields, type BlobFields } from '../../resources/revision-references.ts'
import { idHashOf } from '../../resources/keys.ts'
import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { OpenArchive } from '../archive.ts'
import { ArchivePayloads } from '../archive-payloads.ts'
import type { LocatedFaultyRecord, SoundRecord } from '../archived-records.ts'
import { BucketDigests, modelDigest } from '../digest.ts'
import { isArchiveFault, locatedMessage } from '../errors.ts'
import {
  type IdHashRange,
  type LostRecords,
  type MisplacedRecord,
  type SalvagedRecord,
  salvagedRecords,
} from '../salvaged-records.ts'
import { damageFinding } from './find-damage.ts'
import type { ArchiveFindings } from './findings.ts'
import type { ReferenceSink } from './references.ts'
import { ResourceCheck } from './resource-check.ts'

/** The records of one model that were checked. */
export interface CheckedRecords {
  readonly resources: number
  readonly revisions: number
  /** True if every record of the model could be read and is valid. */
  readonly isSound: boolean
  /** False if some records, or the references of some revisions, could not be read because of damage. */
  readonly isFullyRead: boolean
}

/**
 * Checks all records of a model. Adds the references to blobs to `references`. If every record is sound, also compares
 * the counts and the digest with the manifest.
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
  #isFullyRead = true
  /** The error about the first resource that is not in order. */
  #disorder: Error | undefined
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
    if ('damage' in record) {
      this.#findings.add({
        ...damageFinding(record.damage, 'fault' in record ? undefined : record.entry),
        model: this.#model,
      })
      await this.#leaveDamage(record)
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
    const digest = check.digest()
    if (check.metadata === undefined) this.#isSound = false
    else this.#addDigest(check.metadata.h, digest)
    this.#resources += check.metadataRecords
    this.#revisions += check.revisions
    this.#addFault(check)
    for (const { fileIds } of check.references)
      for (const fileId of fileIds) await this.#references.add(this.#model, fileId, check.id)
  }

  /**
   * Adds the digest of a resource. If the resources are not in order, which the reader reports after the last chunk of
   * the segment, the digest of the model is not compared.
   */
  #addDigest(h: string, digest: Buffer): void {
    if (this.#disorder !== undefined) return
    try {
      this.#digests.add(h, digest)
    } catch (error) {
      if (!isArchiveFault(error)) throw error
      this.#disorder = error
    }
  }

  /** Drops the resource that is being read if some of its records may be lost. */
  async #leaveDamage(damaged: LostRecords | MisplacedRecord): Promise<void> {
    this.#isSound = false
    this.#isFullyRead = false
    if ('fault' in damaged) return
    this.#lost = damaged.range ?? { first: '', last: 'g' }
    if (this.#current !== undefined && this.#mayBeLost(idHashOf(this.#current.id))) this.#current = undefined
    await this.#endResource()
  }

  /** Returns true if records of a resource with this id hash may be among the records that were lost last. */
  #mayBeLost(h: string): boolean {
    return this.#lost !== undefined && this.#lost.first <= h && h <= this.#lost.last
  }

  async finish(): Promise<CheckedRecords> {
    await this.#endResource()
    if (this.#disorder !== undefined && this.#isFullyRead) {
      this.#findings.add({ ...damageFinding(this.#disorder), model: this.#model })
      this.#isFullyRead = false
    }
    const result = {
      resources: this.#resources,
      revisions: this.#revisions,
      isSound: this.#isSound && this.#isFullyRead,
      isFullyRead: this.#isFullyRead,
    }
    if (!result.isSound) return result
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
      this.#isFullyRead = false
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
