import { archivedBlobFields, type BlobFields } from '../../resources/revision-references.ts'
import { must } from '../../values/must.ts'
import type { OpenArchive } from '../archive.ts'
import { ArchivePayloads } from '../archive-payloads.ts'
import { archivedRecords, type LocatedFaultyRecord, type SoundRecord } from '../archived-records.ts'
import { BucketDigests, modelDigest } from '../digest.ts'
import { readTogether } from '../read-together.ts'
import { isArchiveFault } from '../errors.ts'
import { findDamage } from './find-damage.ts'
import type { ArchiveFindings } from './findings.ts'
import type { ReferenceSink } from './references.ts'
import { ResourceCheck } from './resource-check.ts'

/** The records of one model that were checked. */
export interface CheckedRecords {
  readonly resources: number
  readonly revisions: number
  /** True if every record of the model could be read and is valid. */
  readonly isSound: boolean
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
  const segments = archive.segments.flatMap((segment, k) => (segment.model === model ? [k] : []))
  const together = readTogether(archive, segments)
  for (const k of segments) {
    try {
      for await (const batch of archivedRecords(together, { first: k, last: k }))
        for (const record of batch) await check.add(record)
      await check.endResource()
    } catch (error) {
      for await (const finding of findDamage(archive, must(archive.segments[k]), error))
        findings.add({ ...finding, model })
      check.leaveDamagedSegment()
    }
  }
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

  constructor(archive: OpenArchive, model: string, references: ReferenceSink, findings: ArchiveFindings) {
    this.#model = model
    this.#stated = must(archive.manifest.models[model])
    this.#payloads = new ArchivePayloads(archive)
    this.#blobFields = archivedBlobFields({ blobs: undefined }, this.#stated.blob_paths)
    this.#references = references
    this.#findings = findings
  }

  async add(record: SoundRecord | LocatedFaultyRecord): Promise<void> {
    if (record.fault !== undefined) {
      await this.#addFaulty(record)
      return
    }
    if (record.kind === 'revision' && record.id === this.#current?.id) {
      await this.#addRevision(this.#current, record)
      return
    }
    await this.endResource()
    if (record.kind === 'metadata') {
      this.#current = ResourceCheck.ofMetadata(record, true)
      return
    }
    this.#current = ResourceCheck.ofRevision(record)
    await this.#addRevision(this.#current, record)
  }

  async endResource(): Promise<void> {
    const check = this.#current
    this.#current = undefined
    if (check === undefined) return
    const digest = check.digest()
    if (check.metadata === undefined) this.#isSound = false
    else this.#digests.add(check.metadata.h, digest)
    this.#resources += check.metadataRecords
    this.#revisions += check.revisions
    this.#addFault(check)
    for (const { fileIds } of check.references)
      for (const fileId of fileIds) await this.#references.add(this.#model, fileId, check.id)
  }

  /** Drops the resource that was being read when the segment turned out to be damaged. */
  leaveDamagedSegment(): void {
    this.#current = undefined
    this.#isSound = false
  }

  finish(): CheckedRecords {
    const result = { resources: this.#resources, revisions: this.#revisions, isSound: this.#isSound }
    if (!this.#isSound) return result
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
      check.addPayloadFault(record, error.message)
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
      await this.endResource()
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
    const message = `resource ${JSON.stringify(resource_id)} of model ${this.#model} cannot be restored: ${reason}`
    this.#findings.add({ check: 'records', message, model: this.#model, resource_id })
  }

  #compare(what: string, stated: string | number, actual: string | number): void {
    if (stated === actual) return
    const message = `model ${this.#model}: the manifest states ${what} ${stated}, but the archive contains ${actual}`
    this.#findings.add({ check: 'manifest', message, model: this.#model })
  }
}

const isStated = ({ id, idInKey }: LocatedFaultyRecord, stated: string): boolean => stated === id || stated === idInKey
